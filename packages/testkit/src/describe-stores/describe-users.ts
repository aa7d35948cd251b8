import { randomUUID } from 'node:crypto'
import type { NewUser } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from './new-rows.ts'

const newUser = (known: Partial<NewUser> = {}): NewUser => ({
  login: `User-${randomUUID()}`,
  email: 'user@example.org',
  machine: false,
  admin: true,
  tokenHash: randomUUID(),
  ...known,
})

export const describeUsers = (open: OpenDatabase): void => {
  describe('users', () => {
    it('finds a user by login without case and by the hash of the token', async () => {
      const given = newUser()
      const before = await open().users.count()
      const user = await open().users.create(given)
      expect(user).toMatchObject({ login: given.login, admin: true, active: true, lastLoginAt: 0 })
      expect(user).not.toHaveProperty('tokenHash')
      expect(await open().users.count()).toBe(before + 1)
      expect(await open().users.findByLogin(given.login.toUpperCase())).toEqual(user)
      expect(await open().users.findByTokenHash(given.tokenHash)).toEqual(user)
      expect(await open().users.findByTokenHash('')).toBeNull()
    })

    it('changes nothing when the login is taken, whatever its case', async () => {
      const given = newUser()
      const user = await open().users.create(given)
      expect(await open().users.create(newUser({ login: given.login.toLowerCase() }))).toBeNull()
      expect(await open().users.findByTokenHash(given.tokenHash)).toEqual(user)
    })

    it('makes one user of ten at once with one login', async () => {
      const { login } = newUser()
      const made = await Promise.all(
        Array.from({ length: 10 }, () => open().users.create(newUser({ login }))),
      )
      expect(made.filter((user) => user !== null)).toHaveLength(1)
    })

    it('forgets the old token when a new one is set', async () => {
      const given = newUser()
      const user = await open().users.create(given)
      const tokenHash = randomUUID()
      await open().users.setTokenHash(user?.id ?? 0, tokenHash)
      expect(await open().users.findByTokenHash(given.tokenHash)).toBeNull()
      expect((await open().users.findByTokenHash(tokenHash))?.id).toBe(user?.id)
      const other = await open().users.create(newUser())
      await expect(open().users.setTokenHash(other?.id ?? 0, tokenHash)).rejects.toMatchObject({
        code: 'token_exists',
      })
    })

    it('changes what is given, and deletes once', async () => {
      const made = await open().users.create(newUser({ admin: true }))
      const { id } = made ?? { id: 0 }
      expect(await open().users.update(id, { admin: false })).toMatchObject({
        admin: false,
        active: true,
      })
      const changed = await open().users.update(id, { email: 'a@b.example', active: false })
      expect(changed).toMatchObject({ email: 'a@b.example', admin: false, active: false })
      expect(await open().users.find(id)).toEqual(changed)
      expect(await open().users.delete(id)).toBe(true)
      expect(await open().users.delete(id)).toBe(false)
      expect(await open().users.find(id)).toBeNull()
      expect(await open().users.update(id, { admin: true })).toBeNull()
    })

    it('lists by login, whatever its case', async () => {
      for (const login of ['zz-B', 'zz-a', 'zz-C']) await open().users.create(newUser({ login }))
      const all = await open().users.list({ offset: 0, limit: 1_000 })
      expect(all.map(({ login }) => login).slice(-3)).toEqual(['zz-a', 'zz-B', 'zz-C'])
      expect(await open().users.list({ offset: all.length - 1, limit: 5 })).toHaveLength(1)
    })

    it('lets nobody else count admins while one is taken away', async () => {
      const [a, b] = [await open().users.create(newUser()), await open().users.create(newUser())]
      for (const { id } of await open().users.list({ offset: 0, limit: 1_000 }))
        if (id !== a?.id && id !== b?.id) await open().users.update(id, { admin: false })
      const demote = (id: number) =>
        open().transaction(async (stores) => {
          const admins = await stores.users.lockAdmins()
          if (admins.length > 1) await stores.users.update(id, { admin: false })
        })
      await Promise.all([demote(a?.id ?? 0), demote(b?.id ?? 0)])
      expect(await open().users.lockAdmins()).toHaveLength(1)
    })
  })
}
