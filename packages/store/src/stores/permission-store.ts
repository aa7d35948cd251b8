import {
  type Collaborator,
  impliedRights,
  type PermissionStore,
  type RepoRights,
} from '@waggle/domain'
import { flag, int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const rights = noun<RepoRights>('permission', { read: flag, write: flag, admin: flag })

const collaborator = noun<Collaborator>('permission', {
  userId: int,
  repoId: int,
  login: text,
  avatar: text,
  read: flag,
  write: flag,
  admin: flag,
  createdAt: int,
  updatedAt: int,
})

interface Pair {
  readonly repoId: number
  readonly userId: number
}

const find = query(({ db }, p: Pair) =>
  db
    .selectFrom('permissions')
    .select(rights.columns)
    .where('repoId', '=', p.repoId)
    .where('userId', '=', p.userId),
)

const listByRepo = query(({ db }, p: { repoId: number }) =>
  db
    .selectFrom('permissions')
    .innerJoin('users', 'users.id', 'permissions.userId')
    .select(['permissions.userId', 'permissions.repoId', 'users.login', 'users.avatar'])
    .select(['permissions.read', 'permissions.write', 'permissions.admin'])
    .select(['permissions.createdAt', 'permissions.updatedAt'])
    .where('permissions.repoId', '=', p.repoId)
    .orderBy('users.loginKey'),
)

const listRepoIds = query(({ db }, p: { userId: number }) =>
  db.selectFrom('permissions').select('repoId as id').where('userId', '=', p.userId),
)

const put = query(({ db, stamp }, p: Pair & RepoRights) =>
  db
    .insertInto('permissions')
    .values({
      repoId: p.repoId,
      userId: p.userId,
      read: p.read,
      write: p.write,
      admin: p.admin,
      createdAt: stamp,
      updatedAt: stamp,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repoId', 'userId'])
        .doUpdateSet({ read: p.read, write: p.write, admin: p.admin, updatedAt: stamp }),
    ),
)

const remove = query(({ db }, p: Pair) =>
  db
    .deleteFrom('permissions')
    .where('repoId', '=', p.repoId)
    .where('userId', '=', p.userId)
    .returning('userId'),
)

export const permissionStore = (session: Session): PermissionStore => ({
  find: async (repoId, userId) => {
    const [row] = await session.read(find, { repoId, userId })
    return row ? rights.read(row) : null
  },
  listByRepo: async (repoId) =>
    collaborator.readAll(await session.read(listByRepo, { repoId }), session.log),
  listRepoIds: async (userId) => (await session.read(listRepoIds, { userId })).map(({ id }) => id),
  put: async (repoId, userId, given) => {
    await session.write(put, { repoId, userId, ...impliedRights(given) })
  },
  delete: async (repoId, userId) => (await session.write(remove, { repoId, userId })).length > 0,
})
