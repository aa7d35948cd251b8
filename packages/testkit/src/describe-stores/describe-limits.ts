import { randomUUID } from 'node:crypto'
import type { Build, NewStage } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { newAttempt, newStage, type OpenDatabase, seedBuild } from './new-rows.ts'

export const describeLimits = (open: OpenDatabase): void => {
  const ids = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id)
  const create = (build: Build, ...kinds: readonly Partial<NewStage>[]) =>
    open().stages.create(
      kinds.map((kind, i) => newStage(build, i + 1, { name: 'deploy', ...kind })),
    )

  describe('limits', () => {
    it('has limits of a repository once they were opened, and finds them by build and stage', async () => {
      const build = await seedBuild(open())
      const [stage] = await create(build, {})
      const { repoId } = build
      const { limits } = open()
      const all = [{ repoId }, { buildId: build.id }, { stageId: stage?.id ?? 0 }]
      for (const of of all) expect(await limits.lock(of)).toBeNull()
      await limits.open(repoId)
      await limits.open(repoId)
      for (const of of all) expect(await limits.lock(of)).toBe(repoId)
      expect(await limits.lock({ stageId: 0 })).toBeNull()
      await open().builds.deleteOldest(repoId, 10)
      await open().repos.delete(repoId)
      expect(await limits.lock({ repoId })).toBeNull()
    })

    it('lets one transaction at a time count', async () => {
      const build = await seedBuild(open())
      await open().limits.open(build.repoId)
      let inside = 0
      let most = 0
      await Promise.all(
        Array.from({ length: 8 }, () =>
          open().transaction(async (stores) => {
            await stores.limits.lock({ repoId: build.repoId })
            most = Math.max(most, ++inside)
            await stores.now()
            inside--
          }),
        ),
      )
      expect(most).toBe(1)
    })

    it('counts what is incomplete, held or keeps its place, and nothing else', async () => {
      const build = await seedBuild(open())
      const stages = await create(
        build,
        {},
        { status: 'running' },
        { status: 'killed', isHeld: true },
        { status: 'success' },
        { status: 'waiting_on_dependencies' },
        { status: 'error' },
        { name: 'other' },
        { isHeld: true },
        {},
      )
      const [a, b, c, , , f, g, h, i] = ids(stages)
      await open().stages.update(f ?? 0, { placeUntil: (await open().now()) + 60_000 })
      const { limits } = open()
      const { repoId } = build
      expect(ids(await limits.list(repoId, 'deploy', 100))).toEqual([a, b, c, f, h, i])
      expect(ids(await limits.list(repoId, null, 3))).toEqual([a, b, c])
      expect(ids(await limits.listActive(repoId, null))).toEqual([b, c, f, h])
      expect(ids(await limits.listActive(repoId, 'other'))).toEqual([])
      const own = { repoId, name: 'deploy', throttle: 0 }
      expect(ids(await limits.neighbours({ ...own, id: c ?? 0 }, 100))).toEqual([a, b, f, h])
      expect(ids(await limits.neighbours({ ...own, id: c ?? 0 }, 1))).toEqual([a, f])
      const throttled = await limits.neighbours({ ...own, id: h ?? 0, throttle: 1 }, 100)
      expect(new Set(ids(throttled))).toEqual(new Set([a, b, c, f, g]))
      expect(throttled.find(({ id }) => id === f)).toMatchObject({ keepsPlace: true })
      await open().stages.update(f ?? 0, { placeUntil: 1 })
      expect(ids(await limits.listActive(repoId, null))).toEqual([b, c, h])
      expect(ids(await limits.listOverdue(1_000))).toContain(f)
    })

    it('holds a stage with limits back when it becomes pending, and only while it is', async () => {
      const build = await seedBuild(open())
      const kinds = [{ limit: 2 }, { throttle: 3 }, { limit: -1 }].map((kind) => ({
        ...kind,
        status: 'waiting_on_dependencies' as const,
      }))
      const stages = await create(build, ...kinds)
      const held = []
      for (const { id } of stages)
        held.push((await open().stages.update(id, { status: 'pending' }))?.isLimited)
      expect(held).toEqual([true, true, false])
      const { limits } = open()
      expect(await limits.mostOfHeld(build.repoId, 'deploy')).toEqual({ limit: 2, throttle: 3 })
      expect(await limits.mostOfHeld(build.repoId, 'none')).toEqual({ limit: 0, throttle: 3 })
      const before = (stages[0]?.id ?? 0) - 1
      expect(ids(await limits.listHeld(before, 2))).toEqual(ids(stages.slice(0, 2)))
      expect(await open().stages.take(stages[0]?.id ?? 0, 0, 'w')).toBe(false)
      expect(ids(await open().stages.listOfferable(before, 1))).toEqual([stages[2]?.id])
      await open().stages.update(stages[0]?.id ?? 0, { isLimited: false })
      await open().stages.update(stages[1]?.id ?? 0, { status: 'skipped' })
      expect(
        ids(await limits.listHeld(before, 2)).filter((id) => ids(stages).includes(id)),
      ).toEqual([])
    })

    it('knows what was lost with a worker', async () => {
      const build = await seedBuild(open())
      const workerId = randomUUID()
      const [stage, other] = await create(build, { attempt: 1 }, { attempt: 1 })
      if (!stage || !other) throw new Error('there are no stages')
      await open().attempts.create(newAttempt(stage, { workerId }))
      await open().attempts.create(newAttempt(other))
      for (const { id } of [stage, other]) await open().stages.update(id, { placeUntil: 9e15 })
      expect(ids(await open().limits.listLostWith(workerId))).toEqual([stage.id])
      expect(await open().limits.listLostWith(randomUUID())).toEqual([])
    })
  })
}
