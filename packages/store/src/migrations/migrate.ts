import { internal, invalid, type Logger } from '@waggle/domain'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Dialect } from '../dialect.ts'
import { translateError } from '../translate-error.ts'
import { start } from './0001-start.ts'
import { unfinishedStages } from './0002-unfinished-stages.ts'
import { orgSecrets } from './0003-org-secrets.ts'
import { buildPlan } from './0004-build-plan.ts'
import { cards } from './0005-cards.ts'
import { templates } from './0006-templates.ts'
import { retries } from './0007-retries.ts'
import { ignoredEvents } from './0008-ignored-events.ts'
import { workerDrain } from './0009-worker-drain.ts'
import { webhooks } from './0010-webhooks.ts'
import { decisions } from './0011-decisions.ts'
import { limitsAndOrder } from './0012-limits-and-order.ts'
import { crons } from './0013-crons.ts'
import { retention } from './0014-retention.ts'
import { deadlines } from './0015-deadlines.ts'
import { openPartitions } from './0016-open-partitions.ts'
import { activeStages } from './0017-active-stages.ts'
import { standingBuilds } from './0018-standing-builds.ts'
import { lineWithTimes } from './0019-line-with-times.ts'
import { permissions } from './0020-permissions.ts'

/** In order; names are never changed, for databases remember them. */
const migrations = (dialect: Dialect['name']): Record<string, Migration> => ({
  '0001-start': start(dialect),
  '0002-unfinished-stages': unfinishedStages,
  '0003-org-secrets': orgSecrets(dialect),
  '0004-build-plan': buildPlan,
  '0005-cards': cards(dialect),
  '0006-templates': templates(dialect),
  '0007-retries': retries(dialect),
  '0008-ignored-events': ignoredEvents(dialect),
  '0009-worker-drain': workerDrain(dialect),
  '0010-webhooks': webhooks(dialect),
  '0011-decisions': decisions(dialect),
  '0012-limits-and-order': limitsAndOrder(dialect),
  '0013-crons': crons(dialect),
  '0014-retention': retention(dialect),
  '0015-deadlines': deadlines,
  '0016-open-partitions': openPartitions,
  '0017-active-stages': activeStages,
  '0018-standing-builds': standingBuilds,
  '0019-line-with-times': lineWithTimes,
  '0020-permissions': permissions(dialect),
})

/** Brings the database to the code's state, each time it is opened. Refuses one that newer code has changed. */
export const migrate = async (
  db: Kysely<unknown>,
  dialect: Dialect['name'],
  log: Logger,
): Promise<void> => {
  const all = migrations(dialect)
  const unknown = (await applied(db, dialect)).filter((name) => !Object.hasOwn(all, name))
  if (unknown.length > 0)
    throw invalid(
      'database_newer',
      `The database was made by a newer version of Waggle (it has ${unknown.join(', ')}): start that version or a later one.`,
    )
  const migrator = new Migrator({ db, provider: { getMigrations: async () => all } })
  const { error, results } = await migrator.migrateToLatest()
  // The list still says "Success" for what a failing transaction took back; only `error` tells.
  if (error) {
    const reason = translateError(error)
    if (reason.kind === 'unavailable') throw reason
    throw internal('migration_failed', 'The database could not be migrated.', { cause: error })
  }
  for (const { migrationName } of results ?? [])
    log.info('database migrated', { name: migrationName })
}

const applied = async (
  db: Kysely<unknown>,
  dialect: Dialect['name'],
): Promise<readonly string[]> => {
  const known =
    dialect === 'sqlite'
      ? sql`select 1 from sqlite_master where name = 'kysely_migration'`
      : sql`select 1 where to_regclass('kysely_migration') is not null`
  if ((await known.execute(db)).rows.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return rows.map((row) => row.name)
}
