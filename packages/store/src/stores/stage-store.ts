import {
  bandOf,
  queueNumberOf,
  type Stage,
  type StageCondition,
  type StagePatch,
  type StageStatus,
  type StageStore,
} from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { insertRows } from '../insert-rows.ts'
import { keep, plusOne } from '../keep.ts'
import { flag } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'
import { loadByPartition } from './load-by-partition.ts'
import { isOfferable, offerableStages } from './offerable-stages.ts'
import { stage, stageOutline } from './stage-noun.ts'

// Literals, so that the planner sees that the partial indexes hold these rows.
const isIncomplete = sql<boolean>`status in ('pending', 'running')`
const isUnfinished = sql<boolean>`status in ('pending', 'running', 'waiting_on_dependencies', 'blocked', 'declined')`

const find = query(({ db }, p: { id: number }) =>
  db.selectFrom('stages').select(stage.columns).where('id', '=', p.id),
)

const findMany = query(({ db, anyInt }, p: { ids: readonly number[] }) =>
  db.selectFrom('stages').select(stage.columns).where(anyInt('id', p.ids)),
)

const listByBuild = query(({ db }, p: { buildId: number }) =>
  db.selectFrom('stages').select(stage.columns).where('buildId', '=', p.buildId).orderBy('number'),
)

const listOutline = query(({ db }, p: { buildId: number }) =>
  db
    .selectFrom('stages')
    .select(stageOutline.columns)
    .where('buildId', '=', p.buildId)
    .orderBy('number'),
)

// One look into the index for each status, however many stages there are.
const progress = query(({ db }, p: { buildId: number }) => {
  const has = (status: StageStatus): RawBuilder<boolean> =>
    sql<boolean>`exists (select 1 from stages where build_id = ${p.buildId} and status = ${sql.lit(status)} and ${isUnfinished})`
  return db.selectNoFrom([
    sql<boolean>`${has('pending')} or ${has('running')} or ${has('blocked')} or ${has('declined')}`.as(
      'open',
    ),
    has('waiting_on_dependencies').as('waiting'),
  ])
})

const lock = query(({ db, hasRowLocks }, p: { id: number }) =>
  db
    .selectFrom('stages')
    .select(stage.columns)
    .where('id', '=', p.id)
    .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate()),
)

const computed = ['retries', 'placeUntil', 'createdAt', 'updatedAt', 'version']
const insert = insertRows<Record<string, unknown>>(
  'stages',
  stage.columns.filter((column) => column !== 'id' && !computed.includes(column)),
  stage.columns,
  'stage_exists',
  ({ stamp }, row) => ({
    createdAt: stamp,
    updatedAt: stamp,
    version: 1,
    pendingAt: sql<number>`case when ${row['status']} = 'pending' then ${stamp} else 0 end`,
  }),
)

const noStanding = {
  isLimited: false,
  priority: 0,
  band: 0,
  startTag: 0,
  queueNumber: queueNumberOf(bandOf(0), 0, 0),
}

const patchable = [
  'status',
  'error',
  'exitCode',
  'machine',
  'isHeld',
  'retries',
  'startedAt',
  'stoppedAt',
  'placeUntil',
  'band',
  'startTag',
  'queueNumber',
] as const satisfies readonly (keyof StagePatch)[]

interface Change extends StagePatch {
  readonly id: number
  readonly fromStatus: readonly string[] | null
  readonly fromAttempt: number | null
  readonly fromHeld: boolean | null
  readonly fromLimited: boolean | null
}

const updating = ({ db, now, anyText, isAbsent }: Dialect, p: Change) =>
  db
    .updateTable('stages')
    .set({
      ...keep(p, patchable),
      // Held back until the limits let it go, unless the caller knows better; and only while it is pending.
      isLimited: sql<boolean>`case when not (${isAbsent(p.isLimited, 'boolean')}) then ${p.isLimited} when ${isAbsent(p.status, 'text')} then is_limited when ${p.status} = 'pending' then ("limit" > 0 or throttle > 0) else false end`,
      pendingAt: sql<number>`case when ${p.status} = 'pending' and status <> 'pending' then ${now} else pending_at end`,
      updatedAt: now,
      version: plusOne('version'),
    })
    .where('id', '=', p.id)
    .where((eb) =>
      eb.and([
        eb.or([isAbsent(p.fromStatus, 'text[]'), anyText('status', p.fromStatus ?? [])]),
        eb.or([isAbsent(p.fromAttempt, 'bigint'), sql<boolean>`attempt = ${p.fromAttempt}`]),
        eb.or([isAbsent(p.fromHeld, 'boolean'), sql<boolean>`is_held = ${p.fromHeld}`]),
        eb.or([isAbsent(p.fromLimited, 'boolean'), sql<boolean>`is_limited = ${p.fromLimited}`]),
      ]),
    )

const update = query((dialect, p: Change) => updating(dialect, p).returning(stage.columns))
const change = query(updating)

interface Taking {
  readonly id: number
  readonly attempt: number
  readonly machine: string
  readonly workerId: string
}

const take = query(({ db, now }, p: Taking) =>
  db
    .updateTable('stages')
    .set({
      attempt: plusOne('attempt'),
      isHeld: true,
      machine: p.machine,
      updatedAt: now,
      version: plusOne('version'),
    })
    .where('id', '=', p.id)
    .where(isOfferable)
    .where('attempt', '=', p.attempt)
    .where(
      sql<boolean>`not exists (select 1 from workers where workers.id = ${p.workerId} and workers.is_draining = true)`,
    ),
)

// The index for it holds what this condition says, word for word.
const listDurations = query(({ db }, p: { repoId: number; name: string; limit: number }) =>
  db
    .selectFrom('stages')
    .select(sql<number>`stopped_at - started_at`.as('ms'))
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name)
    .where(sql<boolean>`status in ('success', 'failure') and started_at > 0`)
    .orderBy('id', 'desc')
    .limit(p.limit),
)

const pendingSince = query(({ db }, p: { id: number }) =>
  db.selectFrom('stages').select('pendingAt as since').where('id', '=', p.id),
)

const listOpenPartitions = query(({ db }, p: { repoId: number; limit: number }) =>
  db
    .selectFrom(
      sql<{ name: string | null }>`(with recursive names(name) as (
        select (select min("partition") from stages where repo_id = ${p.repoId} and ${isUnfinished})
        union all
        select (select min("partition") from stages where repo_id = ${p.repoId} and ${isUnfinished} and "partition" > names.name)
        from names where names.name is not null)
      select name from names where name is not null limit cast(${p.limit} as bigint))`.as('found'),
    )
    .select('found.name'),
)

const listIncomplete = query(({ db }, p: { limit: number }) =>
  db.selectFrom('stages').select(stage.columns).where(isIncomplete).orderBy('id').limit(p.limit),
)

const listNewestIncomplete = query(({ db }, p: { limit: number }) =>
  db
    .selectFrom('stages')
    .select(stage.columns)
    .where(isIncomplete)
    .orderBy('id', 'desc')
    .limit(p.limit),
)

export const stageStore = (session: Session): StageStore => {
  const one = (rows: readonly unknown[]): Stage | null => (rows[0] ? stage.read(rows[0]) : null)
  const all = (rows: readonly unknown[]): readonly Stage[] => stage.readAll(rows, session.log)
  return {
    find: async (id) => one(await session.read(find, { id })),
    findMany: async (ids) =>
      ids.length === 0 ? [] : all(await session.read(findMany, { ids: [...ids] })),
    listByBuild: async (buildId) => all(await session.read(listByBuild, { buildId })),
    outline: async (buildId) =>
      stageOutline.readAll(await session.read(listOutline, { buildId }), session.log),
    progress: async (buildId) => {
      const [row] = await session.read(progress, { buildId })
      return { hasOpen: flag.read(row?.open), hasWaiting: flag.read(row?.waiting) }
    },
    lock: async (id) => one(await session.read(lock, { id })),
    create: async (stages) => {
      const rows = await insert(
        session,
        stages.map((given) => stage.write({ keptFrom: 0, ...noStanding, ...given })),
      )
      return rows.map(stage.read)
    },
    update: async (id, patch, when) => one(await session.write(update, changeOf(id, patch, when))),
    change: async (id, patch, when) =>
      (await session.change(change, changeOf(id, patch, when))) > 0,
    take: async (id, attempt, machine, workerId = '') =>
      (await session.change(take, { id, attempt, machine, workerId })) > 0,
    listDurations: async (repoId, name, limit) =>
      (await session.read(listDurations, { repoId, name, limit })).map(({ ms }) =>
        Math.max(0, Number(ms)),
      ),
    pendingSince: async (id) => {
      const [row] = await session.read(pendingSince, { id })
      return Number(row?.since ?? 0)
    },
    ...offerableStages(session),
    listOpenPartitions: async (repoId, limit) =>
      (await session.read(listOpenPartitions, { repoId, limit })).flatMap(({ name }) => name ?? []),
    listIncomplete: async (limit = Number.MAX_SAFE_INTEGER, isNewestFirst = false) =>
      all(await session.read(isNewestFirst ? listNewestIncomplete : listIncomplete, { limit })),
    loadByPartition: () => loadByPartition(session),
  }
}

const changeOf = (id: number, patch: StagePatch, when: StageCondition = {}): Change => ({
  ...stage.write(patch),
  id,
  fromStatus: listOf(when.status),
  fromAttempt: when.attempt ?? null,
  fromHeld: when.isHeld ?? null,
  fromLimited: when.isLimited ?? null,
})

const listOf = (
  status: StageStatus | readonly StageStatus[] | undefined,
): readonly string[] | null => {
  if (status === undefined) return null
  return typeof status === 'string' ? [status] : [...status]
}
