import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** Cards of steps. Their data is apart, so that lists of steps do not read it. */
export const cards = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const [int, strict] = dialect === 'sqlite' ? ['integer', ' strict'] : ['bigint', '']
    await sql
      .raw(
        `create table cards (step_id ${int} primary key references steps (id) on delete cascade, data text not null)${strict}`,
      )
      .execute(db)
    // The default lets the code before it write rows on.
    await sql.raw(`alter table steps add column schema text not null default ''`).execute(db)
  },
})
