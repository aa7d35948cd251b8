import type { NewSecret, Secret, SecretStore } from '@waggle/domain'
import { keep } from '../keep.ts'
import { bytes, flag, int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const secret = noun<Secret>('secret', {
  id: int,
  repoId: int,
  name: text,
  dataSealed: bytes,
  pullRequest: flag,
  pullRequestPush: flag,
  forks: flag,
  createdAt: int,
  updatedAt: int,
})

type Patch = Parameters<SecretStore['update']>[1]

const listByRepo = query(({ db }, p: { repoId: number }) =>
  db.selectFrom('secrets').select(secret.columns).where('repoId', '=', p.repoId).orderBy('name'),
)

const findByName = query(({ db }, p: { repoId: number; name: string }) =>
  db
    .selectFrom('secrets')
    .select(secret.columns)
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name),
)

const create = query(
  ({ db, stamp }, p: NewSecret) =>
    db
      .insertInto('secrets')
      .values({
        repoId: p.repoId,
        name: p.name,
        dataSealed: p.dataSealed,
        pullRequest: p.pullRequest,
        pullRequestPush: p.pullRequestPush,
        forks: p.forks,
        createdAt: stamp,
        updatedAt: stamp,
      } as never)
      .returning(secret.columns),
  'secret_exists',
)

const update = query(({ db, now }, p: Patch & { id: number }) =>
  db
    .updateTable('secrets')
    .set({ ...keep(p, ['dataSealed', 'pullRequest', 'pullRequestPush', 'forks']), updatedAt: now })
    .where('id', '=', p.id)
    .returning(secret.columns),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('secrets').where('id', '=', p.id).returning('id'),
)

export const secretStore = (session: Session): SecretStore => {
  const one = (rows: readonly unknown[]): Secret | null => (rows[0] ? secret.read(rows[0]) : null)
  return {
    listByRepo: async (repoId) =>
      secret.readAll(await session.read(listByRepo, { repoId }), session.log),
    findByName: async (repoId, name) => one(await session.read(findByName, { repoId, name })),
    create: async (given) => secret.read((await session.write(create, given))[0]),
    update: async (id, patch) => one(await session.write(update, { ...patch, id })),
    delete: async (id) => (await session.write(remove, { id })).length > 0,
  }
}
