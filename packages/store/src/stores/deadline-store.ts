import type { DeadlineStore } from '@waggle/domain'
import { sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

// Literals, so that the planner sees that the partial indexes hold these rows.
const isRunning = sql<boolean>`stages.status = 'running'`
const isWaiting = sql<boolean>`status = 'pending' and is_held = false`
const isIncomplete = sql<boolean>`stages.status in ('pending', 'running')`
const isOpenBuild = sql<boolean>`builds.status in ('pending', 'running')`

// The shortest timeout that a repository can have, so that most running stages are not even looked at.
const leastMs = 60_000

const listOverdue = query(({ db, stamp }, p: { bufferMs: number; limit: number }) => {
  const buffer = sql<number>`cast(${p.bufferMs} as bigint)`
  return db
    .selectFrom('stages')
    .innerJoin('repos', 'repos.id', 'stages.repoId')
    .select(['stages.id as stageId', 'repos.timeoutMinutes as timeoutMinutes'])
    .where(isRunning)
    .where(sql<boolean>`stages.started_at > 0`)
    .where(sql<boolean>`stages.started_at < ${stamp} - ${buffer} - ${sql.lit(leastMs)}`)
    .where(
      sql<boolean>`stages.started_at < ${stamp} - ${buffer} - repos.timeout_minutes * ${sql.lit(leastMs)}`,
    )
    .orderBy('stages.startedAt')
    .limit(p.limit)
})

// Accepted and never started: its worker renews the lease and does nothing else.
const listUnstarted = query(({ db, stamp }, p: { bufferMs: number; limit: number }) => {
  const buffer = sql<number>`cast(${p.bufferMs} as bigint)`
  return (
    db
      .selectFrom('attempts')
      // Cross joins, for SQLite keeps their order: open attempts are few, pending stages may be a million.
      .crossJoin('stages')
      .crossJoin('repos')
      .select(['stages.id as stageId', 'repos.timeoutMinutes as timeoutMinutes'])
      .where(sql<boolean>`attempts.state <> 'ended' and attempts.renewed_at > 0`)
      .whereRef('stages.id', '=', 'attempts.stageId')
      .whereRef('stages.attempt', '=', 'attempts.number')
      .whereRef('repos.id', '=', 'stages.repoId')
      .where(sql<boolean>`stages.status = 'pending'`)
      .where(
        sql<boolean>`attempts.accepted_at < ${stamp} - ${buffer} - repos.timeout_minutes * ${sql.lit(leastMs)}`,
      )
      .orderBy('attempts.acceptedAt')
      .limit(p.limit)
  )
})

// The time of the statement, here and below: one of each row would make PostgreSQL read all that waits, for it looks
// up nothing in an index by a value that changes meanwhile. 5.6 s of a million stages.
const listPendingLong = query(({ db, stamp }, p: { ageMs: number; limit: number }) =>
  db
    .selectFrom('stages')
    .select('id')
    .where(isWaiting)
    .where(sql<boolean>`pending_at < ${stamp} - cast(${p.ageMs} as bigint)`)
    .orderBy('pendingAt')
    .limit(p.limit),
)

// So many are looked at, and no more: of a million that wait every one may be older than the deadline.
const listStanding = query(
  ({ db, stamp }, p: { ageMs: number; updatedAt: number; id: number; limit: number }) => {
    const before = sql<number>`${stamp} - cast(${p.ageMs} as bigint)`
    return db
      .selectFrom('builds')
      .select([
        'builds.id as id',
        'builds.updatedAt as updatedAt',
        sql<number>`case when exists (select 1 from stages where stages.build_id = builds.id
          and (stages.status in ('pending', 'running', 'blocked') or stages.updated_at > ${before})) then 0 else 1 end`.as(
          'isStanding',
        ),
      ])
      .where(isOpenBuild)
      .where(sql<boolean>`builds.updated_at < ${before}`)
      .where(sql<boolean>`builds.updated_at >= ${p.updatedAt}`)
      .where(sql<boolean>`(builds.updated_at > ${p.updatedAt} or builds.id > ${p.id})`)
      .orderBy('builds.updatedAt')
      .orderBy('builds.id')
      .limit(p.limit)
  },
)

const listIncomplete = query(({ db }, p: { afterId: number; limit: number }) =>
  db
    .selectFrom('stages')
    .innerJoin('builds', 'builds.id', 'stages.buildId')
    .select([
      'stages.id as id',
      'stages.buildId as buildId',
      sql<number>`case when ${isOpenBuild} then 0 else 1 end`.as('isOver'),
    ])
    .where(isIncomplete)
    .where('stages.id', '>', p.afterId)
    .orderBy('stages.id')
    .limit(p.limit),
)

export const deadlineStore = (session: Session): DeadlineStore => ({
  listOverdue: async (bufferMs, limit) => {
    const given = { bufferMs: Math.round(bufferMs), limit }
    const running = await session.read(listOverdue, given)
    const unstarted = await session.read(listUnstarted, given)
    return [...running, ...unstarted].slice(0, limit).map((row) => {
      const cells = row as unknown as { stage_id: number; timeout_minutes: number }
      return { stageId: cells.stage_id, timeoutMinutes: cells.timeout_minutes }
    })
  },
  listPendingLong: async (ageMs, limit) => {
    const rows = await session.read(listPendingLong, { ageMs: Math.round(ageMs), limit })
    return rows.map(({ id }) => id)
  },
  listStanding: async (ageMs, after, limit) => {
    const { updatedAt, id } = after ?? { updatedAt: 0, id: 0 }
    const given = { ageMs: Math.round(ageMs), updatedAt, id, limit }
    const rows = (await session.read(listStanding, given)) as unknown as readonly {
      id: number
      updated_at: number
      is_standing: number
    }[]
    const standing = rows.filter((row) => Number(row.is_standing) === 1)
    const end = rows.length < limit ? undefined : rows.at(-1)
    return {
      buildIds: standing.map((row) => row.id),
      last: end ? { updatedAt: end.updated_at, id: end.id } : null,
    }
  },
  listLeftovers: async (afterId, limit) => {
    const rows = (await session.read(listIncomplete, { afterId, limit })) as unknown as readonly {
      id: number
      build_id: number
      is_over: number
    }[]
    const over = rows.filter((row) => Number(row.is_over) === 1)
    return {
      buildIds: [...new Set(over.map((row) => row.build_id))],
      lastId: rows.length < limit ? 0 : (rows.at(-1)?.id ?? 0),
    }
  },
})
