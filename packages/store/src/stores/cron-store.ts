import type { Cron, CronPatch, CronStore, NewCron } from '@waggle/domain'
import { sql } from 'kysely'
import { keep, plusOne } from '../keep.ts'
import { flag, int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const cron = noun<Cron>('cron', {
  id: int,
  repoId: int,
  name: text,
  expr: text,
  timeZone: text,
  branch: text,
  target: text,
  disabled: flag,
  nextAt: int,
  prevAt: int,
  firingAt: int,
  firingSince: int,
  lastBuild: int,
  lastError: text,
  createdAt: int,
  updatedAt: int,
  version: int,
})

// Literals, so that the planner sees that the partial indexes hold these rows.
const isScheduled = sql<boolean>`disabled = false and next_at > 0`
const isFiring = sql<boolean>`firing_at > 0`

const listByRepo = query(({ db }, p: { repoId: number }) =>
  db.selectFrom('crons').select(cron.columns).where('repoId', '=', p.repoId).orderBy('name'),
)

const findByName = query(({ db }, p: { repoId: number; name: string }) =>
  db
    .selectFrom('crons')
    .select(cron.columns)
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name),
)

const countByRepo = query(({ db }, p: { repoId: number }) =>
  db.selectFrom('crons').select(sql<number>`count(*)`.as('count')).where('repoId', '=', p.repoId),
)

const create = query(
  ({ db, stamp }, p: NewCron) =>
    db
      .insertInto('crons')
      .values({
        repoId: p.repoId,
        name: p.name,
        expr: p.expr,
        timeZone: p.timeZone,
        branch: p.branch,
        target: p.target,
        disabled: p.disabled,
        nextAt: p.nextAt,
        prevAt: 0,
        firingAt: 0,
        firingSince: 0,
        lastBuild: 0,
        lastError: '',
        createdAt: stamp,
        updatedAt: stamp,
        version: 1,
      } as never)
      .returning(cron.columns),
  'cron_exists',
)

const patchable = ['expr', 'timeZone', 'branch', 'target', 'disabled', 'nextAt'] as const

const update = query(({ db, now }, p: CronPatch & { id: number }) =>
  db
    .updateTable('crons')
    .set({ ...keep(p, patchable), updatedAt: now, version: plusOne('version') })
    .where('id', '=', p.id)
    .returning(cron.columns),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('crons').where('id', '=', p.id).returning('id'),
)

const listDue = query(({ db, stamp }, p: { limit: number }) =>
  db
    .selectFrom('crons')
    .select(cron.columns)
    .where(isScheduled)
    .where(sql<boolean>`next_at <= ${stamp}`)
    .orderBy('nextAt')
    .orderBy('id')
    .limit(p.limit),
)

const listStuck = query(({ db, stamp }, p: { stuckMs: number; limit: number }) =>
  db
    .selectFrom('crons')
    .select(cron.columns)
    .where(isFiring)
    .where(sql<boolean>`firing_since < ${stamp} - cast(${p.stuckMs} as bigint)`)
    .orderBy('firingSince')
    .limit(p.limit),
)

// What was claimed and never settled is given up for the run that is due now: missed runs collapse.
const claim = query(({ db, now }, p: { id: number; dueAt: number; nextAt: number }) =>
  db
    .updateTable('crons')
    .set({
      prevAt: sql.ref('nextAt'),
      firingAt: sql.ref('nextAt'),
      nextAt: p.nextAt,
      firingSince: now,
      version: plusOne('version'),
    })
    .where('id', '=', p.id)
    .where('nextAt', '=', p.dueAt)
    .where(isScheduled)
    .returning(cron.columns),
)

const reclaim = query(({ db, now }, p: { id: number; since: number }) =>
  db
    .updateTable('crons')
    .set({ firingSince: now, version: plusOne('version') })
    .where('id', '=', p.id)
    .where('firingSince', '=', p.since)
    .where(isFiring)
    .returning(cron.columns),
)

// Claimed so long ago that it counts as stuck.
const release = query(({ db }, p: { id: number; firingAt: number }) =>
  db
    .updateTable('crons')
    .set({ firingSince: 1, version: plusOne('version') })
    .where('id', '=', p.id)
    .where('firingAt', '=', p.firingAt)
    .where(isFiring),
)

interface Settlement {
  readonly id: number
  readonly firingAt: number
  readonly lastBuild: number
  readonly lastError: string
}

const settle = query(({ db }, p: Settlement) =>
  db
    .updateTable('crons')
    .set({
      firingAt: sql<number>`case when firing_at = ${p.firingAt} then 0 else firing_at end`,
      lastBuild: sql<number>`case when ${p.lastBuild} > last_build then ${p.lastBuild} else last_build end`,
      lastError: p.lastError,
      version: plusOne('version'),
    })
    .where('id', '=', p.id),
)

export const cronStore = (session: Session): CronStore => {
  const one = (rows: readonly unknown[]): Cron | null => (rows[0] ? cron.read(rows[0]) : null)
  const all = (rows: readonly unknown[]) => cron.readAll(rows, session.log)
  return {
    listByRepo: async (repoId) => all(await session.read(listByRepo, { repoId })),
    findByName: async (repoId, name) => one(await session.read(findByName, { repoId, name })),
    countByRepo: async (repoId) => Number((await session.read(countByRepo, { repoId }))[0]?.count),
    create: async (given) => cron.read((await session.write(create, given))[0]),
    update: async (id, patch) => one(await session.write(update, { ...patch, id })),
    delete: async (id) => (await session.write(remove, { id })).length > 0,
    listDue: async (stuckMs, limit) => {
      const due = await session.read(listDue, { limit })
      const stuck = await session.read(listStuck, { stuckMs: Math.round(stuckMs), limit })
      const known = new Set(due.map((row) => row.id))
      return all([...due, ...stuck.filter((row) => !known.has(row.id))].slice(0, limit))
    },
    claim: async (id, dueAt, nextAt) => one(await session.write(claim, { id, dueAt, nextAt })),
    reclaim: async (id, since) => one(await session.write(reclaim, { id, since })),
    release: async (id, firingAt) => {
      await session.write(release, { id, firingAt })
    },
    settle: async (id, firingAt, { lastBuild, lastError }) => {
      await session.write(settle, { id, firingAt, lastBuild, lastError })
    },
  }
}
