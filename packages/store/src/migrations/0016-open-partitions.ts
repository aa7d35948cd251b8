import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The partitions that a repository's unfinished stages are in, found without reading all of these. */
export const openPartitions: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql
      .raw(
        `create index stages_open_partitions on stages (repo_id, partition) where status in ('pending', 'running', 'waiting_on_dependencies', 'blocked', 'declined')`,
      )
      .execute(db)
  },
}
