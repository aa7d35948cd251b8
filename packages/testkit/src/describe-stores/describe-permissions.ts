import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newBuild, type OpenDatabase, seedRepo } from './new-rows.ts'

export const describePermissions = (open: OpenDatabase): void => {
  describe('permissions', () => {
    const seedUser = async (login = `u-${randomUUID()}`) => {
      const facts = { login, email: '', machine: false, admin: false, tokenHash: randomUUID() }
      const user = await open().users.create(facts)
      if (user === null) throw new Error('the login is taken')
      return user
    }

    it('are what was set last, and admin implies write implies read', async () => {
      const [repo, user] = [await seedRepo(open()), await seedUser()]
      const { permissions } = open()
      expect(await permissions.find(repo.id, user.id)).toBeNull()
      await permissions.put(repo.id, user.id, { read: false, write: true, admin: false })
      expect(await permissions.find(repo.id, user.id)).toEqual({
        ...{ read: true, write: true, admin: false },
      })
      await permissions.put(repo.id, user.id, { read: false, write: false, admin: true })
      expect(await permissions.find(repo.id, user.id)).toEqual({
        ...{ read: true, write: true, admin: true },
      })
      expect(await permissions.delete(repo.id, user.id)).toBe(true)
      expect(await permissions.delete(repo.id, user.id)).toBe(false)
      expect(await permissions.find(repo.id, user.id)).toBeNull()
    })

    it('are listed by login, and go with the user and the repository', async () => {
      const [repo, other] = [await seedRepo(open()), await seedRepo(open())]
      const [b, a] = [await seedUser(`B-${randomUUID()}`), await seedUser(`a-${randomUUID()}`)]
      const rights = { read: true, write: false, admin: false }
      for (const user of [b, a])
        for (const { id } of [repo, other]) await open().permissions.put(id, user.id, rights)
      expect(await open().permissions.listByRepo(repo.id)).toMatchObject([
        { userId: a.id, repoId: repo.id, login: a.login, ...rights },
        { userId: b.id, repoId: repo.id, login: b.login, ...rights },
      ])
      const ids = await open().permissions.listRepoIds(a.id)
      expect(new Set(ids)).toEqual(new Set([repo.id, other.id]))
      await open().users.delete(a.id)
      await open().repos.delete(other.id)
      expect(await open().permissions.listByRepo(repo.id)).toMatchObject([{ userId: b.id }])
      expect(await open().permissions.listRepoIds(b.id)).toEqual([repo.id])
    })

    it('say which repositories and builds are shown to a user', async () => {
      const mine = await seedRepo(open())
      const quiet = await seedRepo(open())
      const foreign = await seedRepo(open())
      const user = await seedUser()
      const rights = { read: true, write: false, admin: false }
      for (const { id } of [mine, quiet]) await open().permissions.put(id, user.id, rights)
      const page = { offset: 0, limit: 100 }
      const shown = await open().repos.listByUser(user.id, page)
      expect(shown.map(({ slug }) => slug)).toEqual([mine.slug, quiet.slug].toSorted())
      const old = await open().builds.create(newBuild(mine.id, 1), '')
      const newer = await open().builds.create(newBuild(mine.id, 2), '')
      const other = await open().builds.create(newBuild(foreign.id, 1), '')
      const recent = await open().builds.listRecent(user.id, 25)
      expect(recent.map(({ id }) => id)).toEqual([newer.id, old.id])
      expect(await open().builds.listRecent(user.id, 1)).toHaveLength(1)
      expect((await open().builds.listRecent(null, 1)).map(({ id }) => id)).toEqual([other.id])
      const newest = await open().builds.listNewest([mine.id, quiet.id])
      expect(newest.map(({ id }) => id)).toEqual([newer.id])
      expect(await open().builds.listNewest([])).toEqual([])
    })
  })
}
