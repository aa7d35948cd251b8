import type { NewOrgSecret, OrgSecret, OrgSecretStore } from '@waggle/domain'
import { keep } from '../keep.ts'
import { bytes, flag, int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const secret = noun<OrgSecret>('organisation secret', {
  id: int,
  namespace: text,
  name: text,
  dataSealed: bytes,
  pullRequest: flag,
  pullRequestPush: flag,
  forks: flag,
  createdAt: int,
  updatedAt: int,
})

type Patch = Parameters<OrgSecretStore['update']>[1]
type Created = NewOrgSecret & { readonly namespaceKey: string; readonly nameKey: string }

const list = query(({ db }) =>
  db.selectFrom('orgSecrets').select(secret.columns).orderBy('nameKey').orderBy('namespaceKey'),
)

const listByNamespace = query(({ db }, p: { namespaceKey: string }) =>
  db
    .selectFrom('orgSecrets')
    .select(secret.columns)
    .where('namespaceKey', '=', p.namespaceKey)
    .orderBy('nameKey'),
)

const findByName = query(({ db }, p: { namespaceKey: string; nameKey: string }) =>
  db
    .selectFrom('orgSecrets')
    .select(secret.columns)
    .where('namespaceKey', '=', p.namespaceKey)
    .where('nameKey', '=', p.nameKey),
)

const create = query(
  ({ db, stamp }, p: Created) =>
    db
      .insertInto('orgSecrets')
      .values({
        namespace: p.namespace,
        namespaceKey: p.namespaceKey,
        name: p.name,
        nameKey: p.nameKey,
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
    .updateTable('orgSecrets')
    .set({
      ...keep(p, ['dataSealed', 'pullRequest', 'pullRequestPush', 'forks']),
      updatedAt: now,
    })
    .where('id', '=', p.id)
    .returning(secret.columns),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('orgSecrets').where('id', '=', p.id).returning('id'),
)

const key = (name: string): string => name.toLowerCase()

export const orgSecretStore = (session: Session): OrgSecretStore => {
  const one = (rows: readonly unknown[]): OrgSecret | null =>
    rows[0] ? secret.read(rows[0]) : null
  const all = (rows: readonly unknown[]) => secret.readAll(rows, session.log)
  return {
    list: async () => all(await session.read(list, {})),
    listByNamespace: async (namespace) =>
      all(await session.read(listByNamespace, { namespaceKey: key(namespace) })),
    findByName: async (namespace, name) =>
      one(await session.read(findByName, { namespaceKey: key(namespace), nameKey: key(name) })),
    create: async (given) => {
      const keys = { namespaceKey: key(given.namespace), nameKey: key(given.name) }
      return secret.read((await session.write(create, { ...given, ...keys }))[0])
    },
    update: async (id, patch) => one(await session.write(update, { ...patch, id })),
    delete: async (id) => (await session.write(remove, { id })).length > 0,
  }
}
