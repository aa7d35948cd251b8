import { describe, expect, it } from 'vitest'
import {
  newAttempt,
  newDelivery,
  newRepo,
  type OpenDatabase,
  seedRepo,
  seedStep,
} from './new-rows.ts'

export const describeRepos = (open: OpenDatabase): void => {
  describe('repos', () => {
    it('gives back what was stored, with zero builds and a first version', async () => {
      const given = newRepo({ uid: '', namespace: 'äcme \u{1f41d}', trusted: true })
      const repo = await open().repos.create(given)
      expect(repo).toMatchObject({
        ...given,
        signerSealed: expect.anything(),
        secretSealed: expect.anything(),
        counter: 0,
        version: 1,
      })
      expect([...repo.signerSealed]).toEqual([1, 0, 255])
      expect(repo.createdAt).toBe(repo.updatedAt)
      expect(await open().repos.find(repo.id)).toEqual(repo)
      expect(await open().repos.findBySlug(repo.slug)).toEqual(repo)
    })

    it('ignores no events unless it is told to', async () => {
      const repo = await seedRepo(open())
      expect(repo).toMatchObject({ ignoreForks: false, ignorePullRequests: false })
      const patch = { ignoreForks: true, ignorePullRequests: true }
      expect(await open().repos.update(repo.id, patch)).toMatchObject(patch)
      expect(await open().repos.create(newRepo({ ignoreForks: true }))).toMatchObject({
        ignoreForks: true,
        ignorePullRequests: false,
      })
    })

    it('gives null for what is not there', async () => {
      expect(await open().repos.find(0)).toBeNull()
      expect(await open().repos.findBySlug('no/such')).toBeNull()
      expect(await open().repos.update(0, { trusted: true })).toBeNull()
    })

    it('keeps text with a NUL instead of failing', async () => {
      const repo = await open().repos.create(newRepo({ link: 'a\0b' }))
      expect(repo.link).toBe('a\ufffdb')
    })

    it('refuses a slug that is taken', async () => {
      const { slug } = await seedRepo(open())
      await expect(open().repos.create(newRepo({ slug }))).rejects.toMatchObject({
        kind: 'conflict',
        code: 'repo_exists',
      })
    })

    it('refuses a foreign id that is taken, but any number without one', async () => {
      const { uid } = await open().repos.create(newRepo({ uid: `host-${Math.random()}` }))
      await expect(open().repos.create(newRepo({ uid }))).rejects.toMatchObject({
        code: 'repo_exists',
      })
    })

    it('changes only what the patch names, and counts versions', async () => {
      const repo = await seedRepo(open())
      const changed = await open().repos.update(repo.id, { throttle: 3, private: false })
      expect(changed).toEqual({
        ...repo,
        throttle: 3,
        private: false,
        version: repo.version + 1,
        updatedAt: changed?.updatedAt,
      })
    })

    it('lists by id, in windows', async () => {
      await seedRepo(open())
      await seedRepo(open())
      const all = await open().repos.list({ offset: 0, limit: 10_000 })
      expect(all.map((repo) => repo.id)).toEqual(
        all.map((repo) => repo.id).toSorted((a, b) => a - b),
      )
      expect(await open().repos.list({ offset: 1, limit: 1 })).toEqual(all.slice(1, 2))
      expect(await open().repos.list({ offset: -1, limit: 1 })).toEqual(all.slice(0, 1))
      for (const limit of [0, -1, Number.NaN])
        expect(await open().repos.list({ offset: 0, limit })).toEqual([])
    })

    it('gives build numbers without gaps to 50 transactions at once, also where some fail', async () => {
      const repo = await seedRepo(open())
      const numbers = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          open().transaction(async (stores) => {
            const number = await stores.repos.nextBuildNumber(repo.id)
            if (index % 5 === 0) throw new Error('this one takes its number back')
            return number
          }),
        ),
      )
      const given = numbers.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
      expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    })

    it('is busy while a stage is pending or running, and goes with all that is below it', async () => {
      const step = await seedStep(open())
      const kept = await seedStep(open())
      const stage = await open().stages.find(step.stageId)
      if (!stage) throw new Error('the stage is not there')
      const repo = { id: stage.repoId }
      await open().attempts.create(newAttempt(stage))
      const key = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
      await open().logs.seal(key, step.id, { lines: 0, bytes: 0, crc32: 0, gap: '' })
      await open().secrets.create({
        repoId: repo.id,
        name: 'token',
        dataSealed: new Uint8Array(),
        pullRequest: false,
        pullRequestPush: false,
        forks: false,
      })
      await open().deliveries.create(newDelivery(repo.id), { outcome: 'failed' })

      expect(await open().repos.isBusy(repo.id)).toBe(true)
      await open().stages.update(stage.id, { status: 'running' })
      expect(await open().repos.isBusy(repo.id)).toBe(true)
      await open().stages.update(stage.id, { status: 'killed' })
      expect(await open().repos.isBusy(repo.id)).toBe(false)

      expect(await open().repos.delete(repo.id)).toBe(true)
      expect(await open().repos.delete(repo.id)).toBe(false)
      expect(await open().repos.find(repo.id)).toBeNull()
      expect(await open().builds.find(stage.buildId)).toBeNull()
      expect(await open().builds.findManifest(stage.buildId)).toBeNull()
      expect(await open().stages.find(stage.id)).toBeNull()
      expect(await open().steps.find(step.id)).toBeNull()
      expect(await open().attempts.find(stage.id, 1)).toBeNull()
      expect(await open().logs.findSeal(key)).toBeNull()
      expect(await open().secrets.listByRepo(repo.id)).toEqual([])
      expect(await open().deliveries.findByKey(repo.id, 'k')).toBeNull()
      expect(await open().steps.find(kept.id)).toEqual(kept)
    })

    it('counts the active ones', async () => {
      const before = await open().repos.countActive()
      const repo = await seedRepo(open())
      expect(await open().repos.countActive()).toBe(before + 1)
      await open().repos.update(repo.id, { active: false })
      expect(await open().repos.countActive()).toBe(before)
    })

    it('has no build number for a repository that is not there', async () => {
      await expect(open().repos.nextBuildNumber(0)).rejects.toMatchObject({ kind: 'not_found' })
    })
  })
}
