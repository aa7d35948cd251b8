import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'

/** Who drained a worker and when; and the durations of a pipeline's last stages, found without reading the others. */
export const workerDrain = (dialect: Dialect['name']): Migration => ({
  up: async (db: Kysely<unknown>) => {
    const int = dialect === 'sqlite' ? 'integer' : 'bigint'
    for (const statement of [
      `alter table workers add column drained_at ${int} not null default 0`,
      `alter table workers add column drained_by text not null default ''`,
      `create index stages_durations on stages (repo_id, name, id) where status in ('success', 'failure') and started_at > 0`,
    ])
      await sql.raw(statement).execute(db)
  },
})
