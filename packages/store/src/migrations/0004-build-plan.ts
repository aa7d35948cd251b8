import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What planning a build was told and what it left out, beside its manifest. Empty: nothing to tell. */
export const buildPlan: Migration = {
  up: async (db: Kysely<unknown>) => {
    for (const column of ['changed_files', 'skipped'])
      await sql
        .raw(`alter table manifests add column ${column} text not null default ''`)
        .execute(db)
  },
}
