import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who of a repository runs is counted at each accept under a limit: without this all that wait are read. */
export const activeStages: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql
      .raw(
        `create index stages_active on stages (repo_id, name, id) where (status = 'running' or is_held = true or place_until > 0)`,
      )
      .execute(db)
  },
}
