import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** What repositories keep for how long, and by which their old builds are found. */
export const retention = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const isSqlite = dialect === 'sqlite'
    const int = isSqlite ? 'integer' : 'bigint'
    const flag = isSqlite ? 'integer not null default 0' : 'boolean not null default false'
    const strict = isSqlite ? ' strict' : ''
    for (const statement of [
      // Null: as the server's settings say.
      `create table retention (repo_id ${int} not null primary key, build_days ${int}, build_count ${int}, log_days ${int}, foreign key (repo_id) references repos (id) on delete cascade)${strict}`,
      `alter table builds add column logs_purged ${flag}`,
      'create index builds_finished on builds (repo_id, finished_at) where finished_at > 0',
      'create index builds_with_logs on builds (repo_id, finished_at) where finished_at > 0 and logs_purged = false',
    ])
      await sql.raw(statement).execute(db)
  },
})
