import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** Repositories may ignore pull requests, or only those of forks. */
export const ignoredEvents = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const flag =
      dialect === 'sqlite' ? 'integer not null default 0' : 'boolean not null default false'
    for (const column of ['ignore_forks', 'ignore_pull_requests'])
      await sql.raw(`alter table repos add column ${column} ${flag}`).execute(db)
  },
})
