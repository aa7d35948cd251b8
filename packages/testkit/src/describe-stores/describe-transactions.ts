import { conflict } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { newRepo, type OpenDatabase, seedRepo } from './new-rows.ts'

export const describeTransactions = (open: OpenDatabase): void => {
  describe('transactions', () => {
    it('shows others nothing before it commits, and all of it at once', async () => {
      const { slug } = newRepo()
      await open().transaction(async (stores) => {
        await stores.repos.create(newRepo({ slug }))
        expect(await stores.repos.findBySlug(slug)).not.toBeNull()
        expect(await open().repos.findBySlug(slug)).toBeNull()
      })
      expect(await open().repos.findBySlug(slug)).not.toBeNull()
    })

    it('takes back everything when the work throws, and passes the error on unchanged', async () => {
      const { slug } = newRepo()
      const reason = conflict('lease_lost', 'not yours')
      const failing = open().transaction(async (stores) => {
        await stores.repos.create(newRepo({ slug }))
        throw reason
      })
      await expect(failing).rejects.toBe(reason)
      expect(await open().repos.findBySlug(slug)).toBeNull()
    })

    it('isolates one that fails from those that run at the same time', async () => {
      const repos = Array.from({ length: 30 }, () => newRepo())
      const ends = await Promise.allSettled(
        repos.map((repo, index) =>
          open().transaction(async (stores) => {
            await stores.repos.create(repo)
            await new Promise((resolve) => setImmediate(resolve))
            if (index % 3 === 0) throw new Error('fails alone')
          }),
        ),
      )
      expect(ends.map((end) => end.status)).toEqual(
        repos.map((_, index) => (index % 3 === 0 ? 'rejected' : 'fulfilled')),
      )
      const found = await Promise.all(repos.map((repo) => open().repos.findBySlug(repo.slug)))
      expect(found.map((repo) => repo !== null)).toEqual(repos.map((_, index) => index % 3 !== 0))
    })

    it('fails as a whole when a statement failed, also where the work went on', async () => {
      const { slug } = await seedRepo(open())
      const other = newRepo()
      const careless = open().transaction(async (stores) => {
        await stores.repos.create(other)
        await stores.repos.create(newRepo({ slug })).catch(() => undefined)
        return 'all is well'
      })
      await expect(careless).rejects.toMatchObject({ code: 'repo_exists' })
      expect(await open().repos.findBySlug(other.slug)).toBeNull()
    })

    it('commits what was handed over for its end, and tells it as done', async () => {
      const [first, second] = [newRepo(), newRepo()]
      const answer = await open().transaction(async (stores, atEnd) => {
        atEnd(stores.repos.create(first), stores.repos.create(second))
        return 'done'
      })
      expect(answer).toBe('done')
      expect(await open().repos.findBySlug(first.slug)).not.toBeNull()
      expect(await open().repos.findBySlug(second.slug)).not.toBeNull()
    })

    it('fails as a whole when a statement at its end fails', async () => {
      const { slug } = await seedRepo(open())
      const [before, beside] = [newRepo(), newRepo()]
      const failing = open().transaction(async (stores, atEnd) => {
        await stores.repos.create(before)
        atEnd(stores.repos.create(newRepo({ slug })), stores.repos.create(beside))
      })
      await expect(failing).rejects.toMatchObject({ code: 'repo_exists' })
      expect(await open().repos.findBySlug(before.slug)).toBeNull()
      expect(await open().repos.findBySlug(beside.slug)).toBeNull()
      // The connection serves the next one.
      expect((await seedRepo(open())).id).toBeGreaterThan(0)
    })

    it('refuses a statement that comes after its end', async () => {
      const late = await open().transaction(async (stores) => stores)
      await expect(late.repos.create(newRepo())).rejects.toMatchObject({ kind: 'internal' })
    })

    it('takes statements that are made at once', async () => {
      const made = await open().transaction((stores) =>
        Promise.all(Array.from({ length: 5 }, () => stores.repos.create(newRepo()))),
      )
      expect(new Set(made.map((repo) => repo.id)).size).toBe(5)
    })

    it('answers, and has a clock that goes on', async () => {
      await open().ping()
      const before = await open().now()
      expect(Math.abs(before - Date.now())).toBeLessThan(60_000)
      expect(await open().now()).toBeGreaterThanOrEqual(before)
      expect(Number.isInteger(before)).toBe(true)
    })
  })
}
