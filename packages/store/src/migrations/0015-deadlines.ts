import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Stages by how long they run or wait. */
export const deadlines: Migration = {
  up: async (db: Kysely<unknown>) => {
    // The conditions are repeated word for word by the queries that use them.
    for (const index of [
      `create index stages_running_since on stages (started_at) where status = 'running'`,
      `create index stages_pending_since on stages (pending_at) where status = 'pending' and is_held = false`,
    ])
      await sql.raw(index).execute(db)
  },
}
