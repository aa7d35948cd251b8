import type { PurgeStore, RepoRetention } from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

// Literals, so that the planner sees that the partial indexes hold these rows.
const isFinished = sql<boolean>`finished_at > 0`
const hasLogs = sql<boolean>`finished_at > 0 and logs_purged = false`
// A cancelled build is finished before its worker has acknowledged.
const isOver = sql<boolean>`builds.status not in ('pending', 'running')
  and not exists (select 1 from attempts join stages on stages.id = attempts.stage_id
    where stages.build_id = builds.id and attempts.state <> 'ended')`

const findRetention = query(({ db }, p: { repoId: number }) =>
  db
    .selectFrom('retention')
    .select(['buildDays', 'buildCount', 'logDays'])
    .where('repoId', '=', p.repoId),
)

const setRetention = query(({ db }, p: RepoRetention & { repoId: number }) => {
  const values = { buildDays: p.buildDays, buildCount: p.buildCount, logDays: p.logDays }
  return db
    .insertInto('retention')
    .values({ repoId: p.repoId, ...values })
    .onConflict((conflict) => conflict.column('repoId').doUpdateSet(values))
})

const hasRetention = query(({ db }) =>
  db
    .selectFrom('retention')
    .select('repoId')
    .where(sql<boolean>`build_days > 0 or build_count > 0 or log_days > 0`)
    .limit(1),
)

const finishedBefore = query(({ db }, p: { repoId: number; atMs: number; limit: number }) =>
  db
    .selectFrom('builds')
    .select('id')
    .where('repoId', '=', p.repoId)
    .where(isFinished)
    .where('finishedAt', '<', p.atMs)
    .where(isOver)
    .orderBy('finishedAt')
    .limit(p.limit),
)

const numberBefore = query(({ db }, p: { repoId: number; number: number; limit: number }) =>
  db
    .selectFrom('builds')
    .select('id')
    .where('repoId', '=', p.repoId)
    .where('number', '<', p.number)
    .where(isOver)
    .orderBy('number')
    .limit(p.limit),
)

// The number of the newest one that goes.
const newestOver = query(({ db }, p: { repoId: number; count: number }) =>
  db
    .selectFrom('builds')
    .select('number')
    .where('repoId', '=', p.repoId)
    // By status: with the time of the end it would be sorted instead of read from the index of numbers.
    .where(sql<boolean>`status not in ('pending', 'running')`)
    .orderBy('number', 'desc')
    .limit(1)
    .offset(p.count),
)

const withLogs = query(({ db }, p: { repoId: number; atMs: number; limit: number }) =>
  db
    .selectFrom('builds')
    .select('id')
    .where('repoId', '=', p.repoId)
    .where(hasLogs)
    .where('finishedAt', '<', p.atMs)
    .where(isOver)
    .orderBy('finishedAt')
    .limit(p.limit),
)

type Ids = { readonly ids: readonly number[] }

const deleteSegments = query(({ db, anyInt }, p: Ids & { limit: number }) =>
  db
    .deleteFrom('logSegments')
    .where(
      sql<boolean>`(stage_id, attempt, step, "try", first) in (
        select s.stage_id, s.attempt, s.step, s."try", s.first
        from stages join log_segments s on s.stage_id = stages.id
        where ${anyInt('stages.build_id', p.ids)} limit ${p.limit})`,
    )
    .returning(sql<number>`1`.as('one')),
)

const deleteSeals = query(({ db, anyInt }, p: Ids) =>
  db
    .deleteFrom('logSeals')
    .where(
      sql<boolean>`stage_id in (select id from stages where ${anyInt('stages.build_id', p.ids)})`,
    ),
)

const noteLogs = query(({ db, anyInt }, p: Ids) =>
  db.updateTable('builds').set({ logsPurged: sql<boolean>`true` }).where(anyInt('id', p.ids)),
)

const deleteBuilds = query(({ db, anyInt }, p: Ids) =>
  db.deleteFrom('builds').where(anyInt('id', p.ids)).where(isOver).returning('id'),
)

const oldest = (
  table: 'deliveries' | 'outbox',
  order: 'created_at' | 'id',
  p: { before: number; limit: number },
): RawBuilder<boolean> =>
  sql<boolean>`id in (select id from ${sql.table(table)} where created_at < ${p.before} order by ${sql.ref(order)} limit ${p.limit})`

const deleteDeliveries = query(({ db }, p: { before: number; limit: number }) =>
  db
    .deleteFrom('deliveries')
    .where(oldest('deliveries', 'created_at', p))
    .returning('id'),
)

const deleteOutbox = query(({ db }, p: { before: number; limit: number }) =>
  db
    .deleteFrom('outbox')
    .where(oldest('outbox', 'id', p))
    .returning('id'),
)

// Also outside of the subquery: on PostgreSQL a row that was touched meanwhile is checked again, the subquery is not.
const deleteWorkers = query(({ db }, p: { before: number; limit: number }) => {
  const isGone = sql<boolean>`last_seen_at < ${p.before}
    and not exists (select 1 from attempts where worker_id = workers.id and state <> 'ended')`
  return db
    .deleteFrom('workers')
    .where(sql<boolean>`id in (select id from workers where ${isGone} limit ${p.limit})`)
    .where(isGone)
    .returning('id')
})

const noRules: RepoRetention = { buildDays: null, buildCount: null, logDays: null }

export const purgeStore = (session: Session): PurgeStore => {
  const idsOf = (rows: readonly { id: number }[]) => rows.map((row) => row.id)
  const listOlder = async (repoId: number, number: number, limit: number) =>
    idsOf(await session.read(numberBefore, { repoId, number, limit }))
  return {
    findRetention: async (repoId) => {
      const [row] = await session.read(findRetention, { repoId })
      if (!row) return noRules
      const cells = row as unknown as Record<string, number | null>
      return {
        buildDays: cells['build_days'] ?? null,
        buildCount: cells['build_count'] ?? null,
        logDays: cells['log_days'] ?? null,
      }
    },
    setRetention: async (repoId, retention) => {
      await session.write(setRetention, { repoId, ...retention })
    },
    hasRetention: async () => (await session.read(hasRetention, {})).length > 0,
    listBuilds: async (repoId, rule, limit) => {
      switch (rule.kind) {
        case 'finished_before':
          return idsOf(await session.read(finishedBefore, { repoId, atMs: rule.atMs, limit }))
        case 'number_before':
          return listOlder(repoId, rule.number, limit)
        case 'all_but_newest': {
          const [row] = await session.read(newestOver, { repoId, count: rule.count })
          return row ? listOlder(repoId, row.number + 1, limit) : []
        }
        default:
          return rule satisfies never
      }
    },
    listLogs: async (repoId, atMs, limit) =>
      idsOf(await session.read(withLogs, { repoId, atMs, limit })),
    deleteSegments: async (ids, limit) =>
      (await session.write(deleteSegments, { ids: [...ids], limit })).length,
    closeLogs: async (ids) => {
      await session.write(deleteSeals, { ids: [...ids] })
      await session.write(noteLogs, { ids: [...ids] })
    },
    deleteBuilds: async (ids) => (await session.write(deleteBuilds, { ids: [...ids] })).length,
    deleteDeliveries: async (before, limit) =>
      (await session.write(deleteDeliveries, { before, limit })).length,
    deleteWorkers: async (before, limit) =>
      (await session.write(deleteWorkers, { before, limit })).length,
    deleteOutbox: async (before, limit) =>
      (await session.write(deleteOutbox, { before, limit })).length,
  }
}
