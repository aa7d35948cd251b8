import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** Stages that may run again, and attempts whose worker ends them by itself. The defaults are those of a file that says
 *  nothing, and let the code before it write rows on. */
export const retries = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const [int, flag, no] =
      dialect === 'sqlite' ? ['integer', 'integer', '0'] : ['bigint', 'boolean', 'false']
    for (const statement of [
      `alter table stages add column retry_limit ${int} not null default 0`,
      `alter table stages add column retry_on text not null default '[]'`,
      `alter table stages add column retries ${int} not null default 0`,
      `alter table attempts add column is_fenced ${flag} not null default ${no}`,
    ])
      await sql.raw(statement).execute(db)
  },
})
