import {
  type Build,
  type BuildPatch,
  type BuildStatus,
  type BuildStore,
  buildStatuses,
  type OpenBuildFilter,
} from '@waggle/domain'
import { sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { keep, pick, plusOne } from '../keep.ts'
import { flag, int, noun, text, textMap, word } from '../noun.ts'
import { bounded } from '../page.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'
import { buildManifests, createManifest } from './build-manifests.ts'

export const build = noun<Build>('build', {
  id: int,
  repoId: int,
  number: int,
  status: word(buildStatuses),
  error: text,
  sourceRepo: text,
  cloneUrl: text,
  trigger: text,
  event: word(['push', 'pull_request', 'tag', 'promote', 'rollback', 'cron', 'custom']),
  action: text,
  link: text,
  title: text,
  message: text,
  before: text,
  after: text,
  ref: text,
  source: text,
  target: text,
  author: text,
  authorName: text,
  authorEmail: text,
  authorAvatar: text,
  sender: text,
  deployTo: text,
  deployId: int,
  cron: text,
  parent: int,
  debug: flag,
  params: textMap,
  startedAt: int,
  finishedAt: int,
  createdAt: int,
  updatedAt: int,
  version: int,
})

const created = build.columns.filter(
  (column) => !['id', 'createdAt', 'updatedAt', 'version'].includes(column),
)

const patchable = ['status', 'error', 'startedAt', 'finishedAt'] as const

const find = query(({ db }, p: { id: number }) =>
  db.selectFrom('builds').select(build.columns).where('id', '=', p.id),
)

const lock = query(({ db, hasRowLocks }, p: { id: number }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('id', '=', p.id)
    .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate()),
)

const lockOfStage = query(({ db, hasRowLocks }, p: { stageId: number }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('id', '=', (eb) =>
      eb.selectFrom('stages').select('buildId').where('stages.id', '=', p.stageId),
    )
    .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate()),
)

const findByNumber = query(({ db }, p: { repoId: number; number: number }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', '=', p.repoId)
    .where('number', '=', p.number),
)

interface Window {
  readonly repoId: number
  readonly offset: number
  readonly limit: number
}

const list = query(({ db }, p: Window) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', '=', p.repoId)
    .orderBy('number', 'desc')
    .limit(p.limit)
    .offset(p.offset),
)

const listNewerOf = query(
  ({ db }, p: { repoId: number; number: number; after: string; limit: number }) =>
    db
      .selectFrom('builds')
      .select(build.columns)
      .where('repoId', '=', p.repoId)
      .where('number', '>', p.number)
      .where('after', '=', p.after)
      .orderBy('number', 'desc')
      .limit(p.limit),
)

const listNewest = query(({ db, anyInt }, p: { repoIds: readonly number[] }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where(anyInt('repoId', p.repoIds))
    .where(
      sql<boolean>`number = (select max(number) from builds as newer where newer.repo_id = builds.repo_id)`,
    ),
)

const listRecent = query(({ db }, p: { limit: number }) =>
  db.selectFrom('builds').select(build.columns).orderBy('id', 'desc').limit(p.limit),
)

const listRecentOf = query(({ db }, p: { userId: number; limit: number }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', 'in', (eb) =>
      eb.selectFrom('permissions').select('repoId').where('userId', '=', p.userId),
    )
    .orderBy('id', 'desc')
    .limit(p.limit),
)

const listByRef = query(({ db }, p: Window & { ref: string }) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', '=', p.repoId)
    .where('ref', '=', p.ref)
    .orderBy('number', 'desc')
    .limit(p.limit)
    .offset(p.offset),
)

const create = query(
  ({ db, stamp }, p: Record<string, never>) =>
    db
      .insertInto('builds')
      .values({
        ...pick(p, created),
        createdAt: stamp,
        updatedAt: stamp,
        version: 1,
      })
      .returning(build.columns),
  'build_exists',
)

interface Change extends BuildPatch {
  readonly id: number
}

const updating = ({ db, now }: Dialect, p: Change) =>
  db
    .updateTable('builds')
    .set({ ...keep(p, patchable), updatedAt: now, version: plusOne('version') })
    .where('id', '=', p.id)

const update = query((dialect, p: Change) => updating(dialect, p).returning(build.columns))
const change = query(updating)

type Same = Pick<Build, 'repoId' | 'ref' | 'after' | 'target' | 'sourceRepo'>

const findApproved = query(({ db }, p: Same) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', '=', p.repoId)
    .where('ref', '=', p.ref)
    .where('after', '=', p.after)
    .where('target', '=', p.target)
    .where('sourceRepo', '=', p.sourceRepo)
    .where('id', 'in', (eb) =>
      eb.selectFrom('manifests').select('buildId').where(sql<boolean>`approved_by <> ''`),
    )
    .orderBy('number', 'desc')
    .limit(1),
)

interface Open {
  readonly repoId: number
  readonly event: string | null
  readonly ref: string | null
  readonly below: number | null
  readonly status: string | null
  readonly hasIncomplete: boolean
  readonly limit: number
}

// Conditions of partial indexes, word for word.
const isOpen = sql<boolean>`status in ('pending', 'running')`
const hasIncomplete = sql<boolean>`exists (select 1 from stages where stages.build_id = builds.id and stages.status in ('pending', 'running'))`

const listOpen = query(({ db, isAbsent }, p: Open) =>
  db
    .selectFrom('builds')
    .select(build.columns)
    .where('repoId', '=', p.repoId)
    .where(isOpen)
    .where((eb) =>
      eb.and([
        eb.or([isAbsent(p.event, 'text'), sql<boolean>`event = ${p.event}`]),
        eb.or([isAbsent(p.ref, 'text'), sql<boolean>`ref = ${p.ref}`]),
        eb.or([isAbsent(p.below, 'bigint'), sql<boolean>`number < ${p.below}`]),
        eb.or([isAbsent(p.status, 'text'), sql<boolean>`status = ${p.status}`]),
        eb.or([sql<boolean>`${p.hasIncomplete} = false`, hasIncomplete]),
      ]),
    )
    .orderBy('number')
    .limit(p.limit),
)

const deleteOldest = query(({ db }, p: { repoId: number; limit: number }) =>
  db
    .deleteFrom('builds')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('builds')
        .select('id')
        .where('repoId', '=', p.repoId)
        .orderBy('number')
        .limit(p.limit),
    )
    .returning('id'),
)

const countByStatus = query(({ db }) =>
  db
    .selectFrom('builds')
    .select(['status', sql<number>`count(*)`.as('count')])
    .groupBy('status'),
)

export const buildStore = (session: Session): BuildStore => {
  const one = (rows: readonly unknown[]): Build | null => (rows[0] ? build.read(rows[0]) : null)
  return {
    find: async (id) => one(await session.read(find, { id })),
    findByNumber: async (repoId, number) =>
      one(await session.read(findByNumber, { repoId, number })),
    findLatest: async (repoId, ref) =>
      one(await session.read(listByRef, { repoId, ref, offset: 0, limit: 1 })),
    list: async (repoId, { ref }, page) => {
      const window = { repoId, ...bounded(page) }
      const rows =
        ref === undefined
          ? await session.read(list, window)
          : await session.read(listByRef, { ...window, ref })
      return build.readAll(rows, session.log)
    },
    listNewerOf: async ({ repoId, number, after }, limit) =>
      build.readAll(await session.read(listNewerOf, { repoId, number, after, limit }), session.log),
    listNewest: async (repoIds) =>
      build.readAll(await session.read(listNewest, { repoIds: [...repoIds] }), session.log),
    listRecent: async (userId, limit) =>
      build.readAll(
        userId === null
          ? await session.read(listRecent, { limit })
          : await session.read(listRecentOf, { userId, limit }),
        session.log,
      ),
    lock: async (id) => one(await session.read(lock, { id })),
    lockOfStage: async (stageId) => one(await session.read(lockOfStage, { stageId })),
    create: async (given, manifest, record) => {
      const [row] = await session.write(create, build.write(given))
      const made = build.read(row)
      await createManifest(session, made.id, manifest, record)
      return made
    },
    update: async (id, patch) => one(await session.write(update, { ...build.write(patch), id })),
    change: async (id, patch) => (await session.change(change, { ...build.write(patch), id })) > 0,
    ...buildManifests(session),
    findApproved: async (repoId, { ref, after, target, sourceRepo }) =>
      one(await session.read(findApproved, { repoId, ref, after, target, sourceRepo })),
    listOpen: async (repoId, filter, limit) =>
      build.readAll(
        await session.read(listOpen, { ...openOf(filter), repoId, limit }),
        session.log,
      ),
    deleteOldest: async (repoId, limit) =>
      (await session.write(deleteOldest, { repoId, limit })).length,
    countByStatus: async () => {
      const rows = await session.read(countByStatus, {})
      return Object.fromEntries(rows.map((row) => [row.status as BuildStatus, row.count]))
    },
  }
}

const openOf = ({ event, ref, below, status, hasIncomplete: isAsked }: OpenBuildFilter) => ({
  event: event ?? null,
  ref: ref ?? null,
  below: below ?? null,
  status: status ?? null,
  hasIncomplete: isAsked ?? false,
})
