import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Open builds by when something of them changed last: those that stand still are looked for without reading all. */
export const standingBuilds: Migration = {
  up: async (db: Kysely<unknown>) => {
    // The condition is repeated word for word by the query that uses it.
    await sql
      .raw(
        `create index builds_standing on builds (updated_at) where status in ('pending', 'running')`,
      )
      .execute(db)
  },
}
