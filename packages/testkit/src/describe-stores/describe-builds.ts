import type { BuildStore, LatestType } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { newBuild, newStage, type OpenDatabase, seedBuild, seedRepo } from './new-rows.ts'

export const describeBuilds = (open: OpenDatabase): void => {
  describe('builds', () => {
    it('gives back what was stored, and the manifest apart from it', async () => {
      const repo = await seedRepo(open())
      const given = newBuild(repo.id, 7, {
        message: 'líne\n\u{1f41d}',
        params: { A: '1', __proto__x: '{"' },
        debug: true,
        deployId: 2 ** 40,
      })
      const build = await open().builds.create(given, 'kind: pipeline\n# ✓')
      expect(build).toMatchObject({ ...given, version: 1 })
      expect(build).not.toHaveProperty('manifest')
      expect(await open().builds.find(build.id)).toEqual(build)
      expect(await open().builds.findByNumber(repo.id, 7)).toEqual(build)
      expect(await open().builds.findManifest(build.id)).toBe('kind: pipeline\n# ✓')
    })

    it('remembers what planning was told and what it left out', async () => {
      const repo = await seedRepo(open())
      const plan = {
        changedFiles: ['src/ä.ts', 'a\u0000b'],
        skipped: [
          { name: 'two', rule: 'trigger.event', reason: 'trigger.event: push is not in [tag]' },
        ],
      }
      const told = await open().builds.create(newBuild(repo.id, 1), '', plan)
      const none = await open().builds.create(newBuild(repo.id, 2), '', {
        changedFiles: [],
        skipped: [],
      })
      const unknown = await open().builds.create(newBuild(repo.id, 3), '')
      expect(await open().builds.findPlan(told.id)).toEqual(plan)
      expect(await open().builds.findPlan(none.id)).toEqual({ changedFiles: [], skipped: [] })
      expect(await open().builds.findPlan(unknown.id)).toEqual({ skipped: [] })
      expect(await open().builds.findPlan(0)).toBeNull()
    })

    it('deletes the oldest of one repository, a few at a time', async () => {
      const repo = await seedRepo(open())
      const stranger = await seedBuild(open())
      for (const number of [3, 1, 2]) await open().builds.create(newBuild(repo.id, number), '')
      const numbers = async () => {
        const builds = await open().builds.list(repo.id, {}, { offset: 0, limit: 10 })
        return builds.map((build) => build.number)
      }
      expect(await open().builds.deleteOldest(repo.id, 2)).toBe(2)
      expect(await numbers()).toEqual([3])
      expect(await open().builds.deleteOldest(repo.id, 2)).toBe(1)
      expect(await open().builds.deleteOldest(repo.id, 2)).toBe(0)
      expect(await open().builds.find(stranger.id)).toEqual(stranger)
    })

    it('gives null for what is not there', async () => {
      expect(await open().builds.find(0)).toBeNull()
      expect(await open().builds.findManifest(0)).toBeNull()
      expect(await open().builds.lock(0)).toBeNull()
      expect(await open().builds.update(0, { status: 'killed' })).toBeNull()
    })

    it('does not find a build under the number of another repository', async () => {
      const build = await seedBuild(open())
      const stranger = await seedRepo(open())
      expect(await open().builds.findByNumber(stranger.id, build.number)).toBeNull()
    })

    it('refuses a number that is taken, and a repository that is not there', async () => {
      const build = await seedBuild(open())
      await expect(
        open().builds.create(newBuild(build.repoId, build.number), ''),
      ).rejects.toMatchObject({ kind: 'conflict', code: 'build_exists' })
      await expect(open().builds.create(newBuild(0, 1), '')).rejects.toMatchObject({
        kind: 'not_found',
      })
    })

    it('lists the newest first, of one ref where one is asked for', async () => {
      const { id } = await seedRepo(open())
      for (const number of [1, 2, 3, 4])
        await open().builds.create(newBuild(id, number, { ref: `r${number % 2}` }), '')
      const numbers = async (ref: string | undefined, offset: number, limit: number) =>
        (await open().builds.list(id, ref === undefined ? {} : { ref }, { offset, limit })).map(
          (build) => build.number,
        )
      expect(await numbers(undefined, 0, 10)).toEqual([4, 3, 2, 1])
      expect(await numbers(undefined, 1, 2)).toEqual([3, 2])
      expect(await numbers('r1', 0, 10)).toEqual([3, 1])
      expect((await open().builds.findLatest(id, 'r0'))?.number).toBe(4)
      expect(await open().builds.findLatest(id, 'other')).toBeNull()
    })

    it('changes only what the patch names, and counts versions', async () => {
      const build = await seedBuild(open())
      const changed = await open().builds.update(build.id, { status: 'running', startedAt: 5 })
      expect(changed).toEqual({
        ...build,
        status: 'running',
        startedAt: 5,
        version: 2,
        updatedAt: changed?.updatedAt,
      })
      expect(await open().builds.change(build.id, { finishedAt: 9 })).toBe(true)
      expect(await open().builds.find(build.id)).toMatchObject({ finishedAt: 9, version: 3 })
      expect(await open().builds.change(0, { finishedAt: 9 })).toBe(false)
    })

    it('counts by status', async () => {
      const before = (await open().builds.countByStatus()).declined ?? 0
      const build = await seedBuild(open())
      await open().builds.update(build.id, { status: 'declined' })
      expect((await open().builds.countByStatus()).declined).toBe(before + 1)
    })

    it('keeps decisions apart, and finds what was approved', async () => {
      const { id } = await seedRepo(open())
      const same = { ref: 'refs/pull/1/head', after: 'c1', target: 'main', sourceRepo: 'you/app' }
      const one = await open().builds.create(newBuild(id, 1, same), '')
      const two = await open().builds.create(newBuild(id, 2, same), '')
      const none = { approvedBy: '', endedBy: '', endReason: '' }
      expect(await open().builds.findDecisions(one.id)).toEqual(none)
      expect(await open().builds.findApproved(id, same)).toBeNull()
      await open().builds.decide(one.id, { approvedBy: 'ann' })
      await open().builds.decide(one.id, { endedBy: 'bob', endReason: 'cancelled' })
      expect(await open().builds.findDecisions(one.id)).toEqual({
        approvedBy: 'ann',
        endedBy: 'bob',
        endReason: 'cancelled',
      })
      expect(await open().builds.findDecisions(two.id)).toEqual(none)
      expect(await open().builds.findDecisions(0)).toBeNull()
      expect((await open().builds.findApproved(id, same))?.number).toBe(1)
      for (const other of [{ after: 'c2' }, { ref: 'x' }, { target: 'x' }, { sourceRepo: 'x' }])
        expect(await open().builds.findApproved(id, { ...same, ...other })).toBeNull()
    })

    it('lists what is not over, oldest first, as the filter says', async () => {
      const { id } = await seedRepo(open())
      const add = async (number: number, known: Parameters<typeof newBuild>[2]) => {
        const build = await open().builds.create(newBuild(id, number, known), '')
        const status = number === 4 ? 'blocked' : 'pending'
        await open().stages.create([newStage(build, 1, { status })])
      }
      await add(1, { status: 'running' })
      await add(2, {})
      await add(3, { event: 'custom', ref: 'other' })
      await add(4, {})
      await add(5, { status: 'success' })
      const numbers = async (filter: Parameters<BuildStore['listOpen']>[1], limit = 10) =>
        (await open().builds.listOpen(id, filter, limit)).map((build) => build.number)
      expect(await numbers({})).toEqual([1, 2, 3, 4])
      expect(await numbers({}, 2)).toEqual([1, 2])
      expect(await numbers({ below: 3, status: 'pending' })).toEqual([2])
      expect(await numbers({ event: 'push', ref: 'refs/heads/main' })).toEqual([1, 2, 4])
      expect(await numbers({ status: 'pending', hasIncomplete: true })).toEqual([2, 3])
      expect(await numbers({ status: 'running' })).toEqual([1])
    })

    it('knows the newest build of a branch until it is told otherwise', async () => {
      const { id } = await seedRepo(open())
      const { latest } = open()
      const [one, two] = [
        await open().builds.create(newBuild(id, 1), ''),
        await open().builds.create(newBuild(id, 2), ''),
      ]
      const main = { type: 'branch', name: 'main' } as const
      await latest.set(id, main, one.id)
      await latest.set(id, main, two.id)
      await latest.set(id, { type: 'branch', name: 'a/b' }, one.id)
      const numbers = async (type: LatestType) =>
        (await latest.list(id, type)).map((build) => build.number)
      expect(await numbers('branch')).toEqual([2, 1])
      expect(await numbers('deployment')).toEqual([])
      expect(await latest.delete(id, { ...main, type: 'pull_request' })).toBe(false)
      expect(await latest.delete(id, main)).toBe(true)
      expect(await latest.delete(id, main)).toBe(false)
      // An entry goes with its build.
      await open().builds.deleteOldest(id, 1)
      expect(await numbers('branch')).toEqual([])
    })

    it('makes the second of two that lock one build wait for the first', async () => {
      const { id } = await seedBuild(open())
      const add = () =>
        open().transaction(async (stores) => {
          const build = await stores.builds.lock(id)
          await new Promise((resolve) => setImmediate(resolve))
          await stores.builds.update(id, { startedAt: (build?.startedAt ?? 0) + 1 })
        })
      await Promise.all(Array.from({ length: 20 }, add))
      expect((await open().builds.find(id))?.startedAt).toBe(20)
    })
  })
}
