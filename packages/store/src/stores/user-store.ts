import type { User, UserStore } from '@waggle/domain'
import { sql } from 'kysely'
import { flag, int, noun, text } from '../noun.ts'
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

export const userStore = (session: Session): UserStore => {
  const one = (rows: readonly unknown[]): User | null => (rows[0] ? user.read(rows[0]) : null)
  return {
    count: async () => (await session.read(count, {}))[0]?.count ?? 0,
    findByLogin: async (login) =>
      one(await session.read(findByLogin, { loginKey: login.toLowerCase() })),
    findByTokenHash: async (tokenHash) => one(await session.read(findByTokenHash, { tokenHash })),
    create: async (given) =>
      one(await session.write(create, { ...given, loginKey: given.login.toLowerCase() })),
    setTokenHash: async (id, tokenHash) => {
      await session.write(setTokenHash, { id, tokenHash })
    },
  }
}
