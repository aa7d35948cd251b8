import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Whether a build goes on is asked at the end of each of its stages: without this it reads all of them each time. */
export const unfinishedStages: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql
      .raw(
        `create index stages_unfinished on stages (build_id, status) where status in ('pending', 'running', 'waiting_on_dependencies', 'blocked', 'declined')`,
      )
      .execute(db)
  },
}
