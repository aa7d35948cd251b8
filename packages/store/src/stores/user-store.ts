import type { User, UserPatch, UserStore } from '@waggle/domain'
import { sql } from 'kysely'
import { keep } from '../keep.ts'
import { flag, int, noun, text } from '../noun.ts'
import { bounded } from '../page.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const user = noun<User>('user', {
  id: int,
  login: text,
  email: text,
  machine: flag,
  admin: flag,
  active: flag,
  avatar: text,
  createdAt: int,
  updatedAt: int,
  lastLoginAt: int,
})

interface Created {
  readonly login: string
  readonly loginKey: string
  readonly email: string
  readonly machine: boolean
  readonly admin: boolean
  readonly tokenHash: string
}

const count = query(({ db }) => db.selectFrom('users').select(sql<number>`count(*)`.as('count')))

const find = query(({ db }, p: { id: number }) =>
  db.selectFrom('users').select(user.columns).where('id', '=', p.id),
)

const list = query(({ db }, p: { offset: number; limit: number }) =>
  db.selectFrom('users').select(user.columns).orderBy('loginKey').limit(p.limit).offset(p.offset),
)

const findByLogin = query(({ db }, p: { loginKey: string }) =>
  db.selectFrom('users').select(user.columns).where('loginKey', '=', p.loginKey),
)

const findByTokenHash = query(({ db }, p: { tokenHash: string }) =>
  db.selectFrom('users').select(user.columns).where('tokenHash', '=', p.tokenHash),
)

const create = query(
  ({ db, stamp }, p: Created) =>
    db
      .insertInto('users')
      .values({
        login: p.login,
        loginKey: p.loginKey,
        email: p.email,
        machine: p.machine,
        admin: p.admin,
        active: true,
        avatar: '',
        tokenHash: p.tokenHash,
        createdAt: stamp,
        updatedAt: stamp,
        lastLoginAt: 0,
      } as never)
      .onConflict((conflict) => conflict.column('loginKey').doNothing())
      .returning(user.columns),
  'token_exists',
)

const setTokenHash = query(
  ({ db, now }, p: { id: number; tokenHash: string }) =>
    db.updateTable('users').set({ tokenHash: p.tokenHash, updatedAt: now }).where('id', '=', p.id),
  'token_exists',
)

const update = query(({ db, now }, p: UserPatch & { id: number }) =>
  db
    .updateTable('users')
    .set({ ...keep(p, ['email', 'admin', 'active']), updatedAt: now })
    .where('id', '=', p.id)
    .returning(user.columns),
)

const remove = query(({ db }, p: { id: number }) =>
  db.deleteFrom('users').where('id', '=', p.id).returning('id'),
)

const lockAdmins = query(({ db, hasRowLocks }) =>
  db
    .selectFrom('users')
    .select('id')
    .where(sql<boolean>`admin and active`)
    .orderBy('id')
    .limit(2)
    .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate()),
)

export const userStore = (session: Session): UserStore => {
  const one = (rows: readonly unknown[]): User | null => (rows[0] ? user.read(rows[0]) : null)
  return {
    count: async () => (await session.read(count, {}))[0]?.count ?? 0,
    find: async (id) => one(await session.read(find, { id })),
    list: async (page) => user.readAll(await session.read(list, bounded(page)), session.log),
    findByLogin: async (login) =>
      one(await session.read(findByLogin, { loginKey: login.toLowerCase() })),
    findByTokenHash: async (tokenHash) => one(await session.read(findByTokenHash, { tokenHash })),
    create: async (given) =>
      one(await session.write(create, { ...given, loginKey: given.login.toLowerCase() })),
    setTokenHash: async (id, tokenHash) => {
      await session.write(setTokenHash, { id, tokenHash })
    },
    update: async (id, patch) => one(await session.write(update, { ...user.write(patch), id })),
    delete: async (id) => (await session.write(remove, { id })).length > 0,
    lockAdmins: async () => (await session.read(lockAdmins, {})).map((row) => row.id),
  }
}
