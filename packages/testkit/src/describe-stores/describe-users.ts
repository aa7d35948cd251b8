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
    })
  })
}
