import { notFound, type Repo, type RepoPatch, type RepoStore } from '@waggle/domain'
import { sql } from 'kysely'
import { keep, pick, plusOne } from '../keep.ts'
import { bytes, flag, int, noun, text, word } from '../noun.ts'
import { bounded } from '../page.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const repo = noun<Repo>('repo', {
  id: int,
  uid: text,
  namespace: text,
  name: text,
  slug: text,
  gitHttpUrl: text,
  gitSshUrl: text,
  link: text,
  defaultBranch: text,
  private: flag,
  visibility: word(['public', 'private', 'internal']),
  active: flag,
  configPath: text,
  trusted: flag,
  protected: flag,
  ignoreForks: flag,
  ignorePullRequests: flag,
  autoCancelPushes: flag,
  autoCancelPullRequests: flag,
  autoCancelRunning: flag,
  timeoutMinutes: int,
  throttle: int,
  priority: int,
  counter: int,
  signerSealed: bytes,
  secretSealed: bytes,
  createdAt: int,
  updatedAt: int,
  version: int,
})

const patchable = [
  'gitHttpUrl',
  'gitSshUrl',
  'link',
  'defaultBranch',
  'private',
  'visibility',
  'active',
  'configPath',
  'trusted',
  'protected',
  'ignoreForks',
  'ignorePullRequests',
  'autoCancelPushes',
  'autoCancelPullRequests',
  'autoCancelRunning',
  'timeoutMinutes',
  'throttle',
  'priority',
  'counter',
  'signerSealed',
  'secretSealed',
] as const satisfies readonly (keyof RepoPatch)[]

const allOff = {
  ignoreForks: false,
  ignorePullRequests: false,
  autoCancelPushes: false,
  autoCancelPullRequests: false,
  autoCancelRunning: false,
}

const created = repo.columns.filter(
  (column) => !['id', 'counter', 'createdAt', 'updatedAt', 'version'].includes(column),
)

const find = query(({ db }, p: { id: number }) =>
  db.selectFrom('repos').select(repo.columns).where('id', '=', p.id),
)

const findBySlug = query(({ db }, p: { slug: string }) =>
  db.selectFrom('repos').select(repo.columns).where('slug', '=', p.slug),
)

const list = query(({ db }, p: { offset: number; limit: number }) =>
  db.selectFrom('repos').select(repo.columns).orderBy('id').limit(p.limit).offset(p.offset),
)

const listByUser = query(({ db }, p: { userId: number; offset: number; limit: number }) =>
  db
    .selectFrom('repos')
    .select(repo.columns)
    .where('id', 'in', (eb) =>
      eb.selectFrom('permissions').select('repoId').where('userId', '=', p.userId),
    )
    .orderBy('slug')
    .limit(p.limit)
    .offset(p.offset),
)

const create = query(
  ({ db, stamp }, p: Record<string, never>) =>
    db
      .insertInto('repos')
      .values({
        ...pick(p, created),
        counter: 0,
        createdAt: stamp,
        updatedAt: stamp,
        version: 1,
      })
      .returning(repo.columns),
  'repo_exists',
)

const update = query(
  ({ db, now }, p: RepoPatch & { id: number }) =>
    db
      .updateTable('repos')
      .set({ ...keep(p, patchable), updatedAt: now, version: plusOne('version') })
      .where('id', '=', p.id)
      .returning(repo.columns),
  'repo_exists',
)

const nextBuildNumber = query(({ db, now }, p: { id: number }) =>
  db
    .updateTable('repos')
    .set({ counter: plusOne('counter'), updatedAt: now, version: plusOne('version') })
    .where('id', '=', p.id)
    .returning('counter'),
)

// The condition of a partial index, word for word.
const isBusy = query(({ db }, p: { id: number }) =>
  db
    .selectFrom('stages')
    .select('id')
    .where('repoId', '=', p.id)
    .where(sql<boolean>`status in ('pending', 'running')`)
    .limit(1),
)

// They have no foreign key: a delivery is noted before it is known what becomes of it.
const deleteDeliveries = query(({ db }, p: { id: number }) =>
  db.deleteFrom('deliveries').where('repoId', '=', p.id),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('repos').where('id', '=', p.id).returning('id'),
)

const countActive = query(({ db }) =>
  db.selectFrom('repos').select(sql<number>`count(*)`.as('count')).where(sql<boolean>`active`),
)

export const repoStore = (session: Session): RepoStore => {
  const one = (rows: readonly unknown[]): Repo | null => (rows[0] ? repo.read(rows[0]) : null)
  return {
    find: async (id) => one(await session.read(find, { id })),
    findBySlug: async (slug) => one(await session.read(findBySlug, { slug })),
    list: async (page) => repo.readAll(await session.read(list, bounded(page)), session.log),
    listByUser: async (userId, page) =>
      repo.readAll(await session.read(listByUser, { userId, ...bounded(page) }), session.log),
    create: async (given) => {
      const row = repo.write({ ...allOff, priority: 0, ...given })
      return repo.read((await session.write(create, row))[0])
    },
    update: async (id, patch) => one(await session.write(update, { ...repo.write(patch), id })),
    nextBuildNumber: async (id) => {
      const [row] = await session.write(nextBuildNumber, { id })
      if (!row) throw notFound('repo_not_found', 'There is no such repository.')
      return row.counter
    },
    isBusy: async (id) => (await session.read(isBusy, { id })).length > 0,
    delete: async (id) => {
      await session.write(deleteDeliveries, { id })
      return (await session.write(remove, { id })).length > 0
    },
    countActive: async () => (await session.read(countActive, {}))[0]?.count ?? 0,
  }
}
