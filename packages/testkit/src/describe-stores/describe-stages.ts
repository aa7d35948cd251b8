import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { first, newStage, newWorker, type OpenDatabase, seedBuild, seedStage } from './new-rows.ts'

export const describeStages = (open: OpenDatabase): void => {
  describe('stages', () => {
    it('gives back what was stored, in the order given', async () => {
      const build = await seedBuild(open())
      const given = Array.from({ length: 77 }, (_, index) =>
        newStage(build, index + 1, { labels: { a: `${index}` }, dependsOn: ['x', 'ÿ'] }),
      )
      const stages = await open().stages.create(given)
      expect(stages).toMatchObject(given)
      expect(await open().stages.listByBuild(build.id)).toEqual(stages)
      expect(await open().stages.create([])).toEqual([])
    })

    it('outlines the stages of a build, and says what is left of it', async () => {
      const build = await seedBuild(open())
      const { stages } = open()
      expect(await stages.progress(build.id)).toEqual({ hasOpen: false, hasWaiting: false })
      const made = await stages.create([
        newStage(build, 1, { status: 'pending' }),
        newStage(build, 2, { status: 'waiting_on_dependencies', dependsOn: ['ÿ'] }),
      ])
      expect(await stages.outline(build.id)).toEqual(
        made.map(({ id, number, name, status, dependsOn, onSuccess, onFailure, ...more }) => ({
          ...{ id, number, name, status, dependsOn, onSuccess, onFailure },
          ...{ partition: more.partition, priority: more.priority },
          ...{ limit: more.limit, throttle: more.throttle },
        })),
      )
      const [a, b] = [first(made), first(made.slice(1))]
      expect(await stages.progress(build.id)).toEqual({ hasOpen: true, hasWaiting: true })
      for (const [status, hasOpen] of [
        ['running', true],
        ['blocked', true],
        ['declined', true],
        ['success', false],
      ] as const) {
        await stages.update(a.id, { status })
        expect(await stages.progress(build.id)).toEqual({ hasOpen, hasWaiting: true })
      }
      await stages.update(b.id, { status: 'skipped' })
      expect(await stages.progress(build.id)).toEqual({ hasOpen: false, hasWaiting: false })
    })

    it('finds one and several, and leaves out what is not there', async () => {
      const a = await seedStage(open())
      const b = await seedStage(open())
      expect(await open().stages.find(a.id)).toEqual(a)
      expect(await open().stages.find(0)).toBeNull()
      const found = await open().stages.findMany([b.id, 0, a.id])
      expect(new Set(found.map((stage) => stage.id))).toEqual(new Set([a.id, b.id]))
      expect(await open().stages.findMany([])).toEqual([])
    })

    it('refuses a number that is taken', async () => {
      const build = await seedBuild(open())
      await open().stages.create([newStage(build, 1)])
      await expect(
        open().stages.create([newStage(build, 2), newStage(build, 1)]),
      ).rejects.toMatchObject({ kind: 'conflict', code: 'stage_exists' })
      expect(await open().stages.listByBuild(build.id)).toHaveLength(1)
    })

    it('changes a row only where every condition holds', async () => {
      const stage = await seedStage(open())
      const { stages } = open()
      for (const when of [
        { status: 'running' },
        { status: ['running', 'success'] },
        { status: [] },
        { attempt: 1 },
        { isHeld: true },
        { status: 'pending', attempt: 0, isHeld: true },
      ] as const)
        expect(await stages.update(stage.id, { error: 'x' }, when)).toBeNull()
      expect(await stages.find(stage.id)).toEqual(stage)
      const changed = await stages.update(
        stage.id,
        { status: 'running', startedAt: 3, exitCode: -1 },
        { status: ['pending', 'blocked'], attempt: 0, isHeld: false },
      )
      expect(changed).toMatchObject({ status: 'running', startedAt: 3, exitCode: -1, version: 2 })
      expect(await stages.update(stage.id, { error: '' })).toMatchObject({ version: 3 })
    })

    it('says whether a change was made, and makes none where its condition does not hold', async () => {
      const { stages } = open()
      const stage = await seedStage(open(), { status: 'blocked' })
      const patch = { status: 'running', startedAt: 3 } as const
      expect(await stages.change(stage.id, patch, { status: 'pending' })).toBe(false)
      expect(await stages.find(stage.id)).toEqual(stage)
      expect(await stages.change(stage.id, patch, { status: 'blocked' })).toBe(true)
      expect(await stages.find(stage.id)).toMatchObject({ ...patch, version: 2 })
    })

    it('is taken by one of 100 at once', async () => {
      const stage = await seedStage(open())
      const taken = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          open().stages.take(stage.id, 0, `worker-${index}`),
        ),
      )
      expect(taken.filter((isTaken) => isTaken)).toHaveLength(1)
      expect(await open().stages.find(stage.id)).toMatchObject({
        attempt: 1,
        isHeld: true,
        status: 'pending',
        machine: `worker-${taken.indexOf(true)}`,
      })
    })

    it('is taken by one of 40 transactions at once', async () => {
      const stage = await seedStage(open())
      const taken = await Promise.all(
        Array.from({ length: 40 }, () =>
          open().transaction(async (stores) => {
            await stores.stages.lock(stage.id)
            return stores.stages.take(stage.id, 0, 'worker')
          }),
        ),
      )
      expect(taken.filter((isTaken) => isTaken)).toHaveLength(1)
    })

    it('cannot be taken with a stale attempt, while it is held, or when it is not pending', async () => {
      const { stages } = open()
      const held = await seedStage(open(), { isHeld: true, attempt: 1 })
      expect(await stages.take(held.id, 1, 'w')).toBe(false)
      const stale = await seedStage(open(), { attempt: 2 })
      expect(await stages.take(stale.id, 1, 'w')).toBe(false)
      expect(await stages.take(stale.id, 2, 'w')).toBe(true)
      expect(await stages.find(stale.id)).toMatchObject({ attempt: 3, machine: 'w' })
      const blocked = await seedStage(open(), { status: 'blocked' })
      expect(await stages.take(blocked.id, 0, 'w')).toBe(false)
    })

    it('cannot be taken by a worker that is drained', async () => {
      const { stages, workers } = open()
      const stage = await seedStage(open())
      const { id } = await workers.register(newWorker())
      await workers.drain(id, 'ann')
      expect(await stages.take(stage.id, 0, 'w', id)).toBe(false)
      await workers.drain(id, null)
      expect(await stages.take(stage.id, 0, 'w', id)).toBe(true)
      expect(await stages.find(stage.id)).toMatchObject({ attempt: 1 })
    })

    it('tells how long the last stages of a repository and name took', async () => {
      const { stages } = open()
      const build = await seedBuild(open())
      const ended = (number: number, known: Parameters<typeof newStage>[2]) =>
        newStage(build, number, { name: 'test', status: 'success', startedAt: 1_000, ...known })
      await stages.create([
        ended(1, { stoppedAt: 2_000 }),
        ended(2, { stoppedAt: 4_000, status: 'failure' }),
        ended(3, { stoppedAt: 9_000, status: 'killed' }),
        ended(4, { stoppedAt: 9_000, name: 'other' }),
        ended(5, { stoppedAt: 7_000 }),
        ended(6, { stoppedAt: 9_000, startedAt: 0 }),
      ])
      expect(await stages.listDurations(build.repoId, 'test', 10)).toEqual([6_000, 3_000, 1_000])
      expect(await stages.listDurations(build.repoId, 'test', 2)).toEqual([6_000, 3_000])
      expect(await stages.listDurations(build.repoId, 'none', 2)).toEqual([])
      const pending = await seedStage(open())
      expect(await stages.pendingSince(pending.id)).toBeGreaterThan(0)
      expect(await stages.pendingSince(0)).toBe(0)
    })

    it('lists what may be offered, in batches by id', async () => {
      const build = await seedBuild(open())
      const made = await open().stages.create([
        newStage(build, 1),
        newStage(build, 2, { isHeld: true }),
        newStage(build, 3, { status: 'running' }),
        newStage(build, 4),
        newStage(build, 5),
      ])
      const before = first(made).id - 1
      const numbers = async (after: number, limit: number) =>
        (await open().stages.listOfferable(after, limit)).map((stage) => stage.number)
      expect(await numbers(before, 2)).toEqual([1, 4])
      expect(await numbers(made[3]?.id ?? 0, 2)).toEqual([5])
      const open_ = await open().stages.listIncomplete()
      expect(open_.filter((stage) => stage.buildId === build.id).map((s) => s.number)).toEqual([
        1, 2, 3, 4, 5,
      ])
      expect(open_.map((s) => s.id)).toEqual(open_.map((s) => s.id).toSorted((a, b) => a - b))
    })

    it('finds partitions that have offerable stages, and the first of each', async () => {
      const build = await seedBuild(open())
      const { stages } = open()
      const start = `test-${randomUUID()}`
      const names = ['a', 'b', 'c', 'd'].map((end) => `${start}-${end}`)
      const [a = '', b = '', c = '', d = ''] = names
      await stages.create([
        newStage(build, 1, { partition: a, band: 0, startTag: 5 }),
        newStage(build, 2, { partition: a, band: 0, startTag: 3 }),
        newStage(build, 3, { partition: a, band: -1, startTag: 1 }),
        newStage(build, 4, { partition: b, isHeld: true }),
        newStage(build, 5, { partition: c, status: 'running' }),
        newStage(build, 6, { partition: d, band: 2 }),
        newStage(build, 7, { partition: c, status: 'success' }),
      ])
      const heads = (await stages.listOfferableHeads(100_000)).map(({ partition }) => partition)
      expect(heads.length).toBe(new Set(heads).size)
      expect(names.filter((name) => heads.includes(name))).toEqual([a, d])
      expect(await stages.listOfferableHeads(1)).toHaveLength(1)
      const numbers = async (partition: string, limit: number) =>
        (await stages.listOfferableOf(partition, limit)).map(({ number }) => number)
      expect(await numbers(a, 1)).toEqual([2])
      // Those of a lower band come when the band above is empty.
      expect(await numbers(a, 9)).toEqual([2, 1])
      expect(await numbers(b, 9)).toEqual([])
      expect(await stages.listOpenPartitions(build.repoId, 9)).toEqual(names)
      expect(await stages.listOpenPartitions(build.repoId, 2)).toEqual([a, b])
      expect(await stages.listOpenPartitions(0, 9)).toEqual([])
      const newest = await stages.listIncomplete(3, true)
      expect(newest.map(({ number }) => number)).toEqual([6, 5, 4])
    })

    it('tells the load of a partition and since when its oldest stage waits', async () => {
      const build = await seedBuild(open())
      const partition = `test-${randomUUID()}`
      const earliest = await open().now()
      const [waiting] = await open().stages.create([
        newStage(build, 1, { partition, status: 'waiting_on_dependencies' }),
        newStage(build, 2, { partition, status: 'running' }),
        newStage(build, 3, { partition, isHeld: true }),
        newStage(build, 4, { partition, status: 'success' }),
      ])
      const load = async () =>
        (await open().stages.loadByPartition()).find((row) => row.partition === partition)
      expect(await load()).toEqual({ partition, pending: 0, running: 2, oldestPendingAt: 0 })
      await open().stages.update(waiting?.id ?? 0, { status: 'pending' })
      const since = (await load())?.oldestPendingAt ?? 0
      expect(await load()).toMatchObject({ pending: 1, running: 2 })
      expect(since).toBeGreaterThanOrEqual(earliest)
      await open().stages.update(waiting?.id ?? 0, { error: 'still the same wait' })
      expect((await load())?.oldestPendingAt).toBe(since)
      await open().stages.create([newStage(build, 5, { partition, limit: 1, isLimited: true })])
      expect(await load()).toEqual({ partition, pending: 2, running: 2, oldestPendingAt: since })
      await open().stages.update(waiting?.id ?? 0, { status: 'skipped' })
      expect((await load())?.oldestPendingAt).toBeGreaterThanOrEqual(since)
      expect(await load()).toMatchObject({ pending: 1, running: 2 })
    })
  })
}
