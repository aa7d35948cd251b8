import { randomUUID } from 'node:crypto'
import { bandOf, queueNumberOf } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { newStage, type OpenDatabase, seedBuild, seedRepo } from './new-rows.ts'

export const describeOrders = (open: OpenDatabase): void => {
  const flowOf = async (partition: string, band = 0) => ({
    partition,
    band,
    repoId: (await seedRepo(open())).id,
  })

  describe('orders', () => {
    it('gives a flow its start tags one after the other, and a new one the virtual time', async () => {
      const { orders, stages } = open()
      const partition = `test-${randomUUID()}`
      const [a, b] = [await flowOf(partition), await flowOf(partition)]
      expect(await orders.enqueue(a, 3)).toEqual({ first: 0, base: 0 })
      expect(await orders.enqueue(a, 2)).toEqual({ first: 3, base: 0 })
      // Nothing waits: all that was given counts as served.
      expect(await orders.enqueue(b, 1)).toEqual({ first: 5, base: 0 })
      const build = await seedBuild(open())
      await stages.create([newStage(build, 1, { partition, startTag: 4 })])
      expect(await orders.head(partition, 0)).toEqual({ tag: 4, base: 0 })
      const third = await flowOf(partition)
      expect(await orders.enqueue(third, 1)).toEqual({ first: 4, base: 0 })
      expect(await orders.enqueue({ ...third, band: 1 }, 1)).toEqual({ first: 0, base: 0 })
    })

    it('gives 20 at once different tags', async () => {
      const flow = await flowOf(`test-${randomUUID()}`)
      const given = await Promise.all(
        Array.from({ length: 20 }, () => open().orders.enqueue(flow, 1)),
      )
      expect(new Set(given.map(({ first }) => first)).size).toBe(20)
    })

    it('takes back what was not served', async () => {
      const { orders, stages } = open()
      const partition = `test-${randomUUID()}`
      const build = await seedBuild(open())
      const flow = { partition, band: 0, repoId: build.repoId }
      await orders.enqueue(flow, 9)
      await stages.create([newStage(build, 1, { partition, startTag: 2 })])
      await orders.refund(flow)
      expect(await orders.enqueue(flow, 1)).toMatchObject({ first: 3 })
    })

    it('numbers what waits anew from a base, in its order', async () => {
      const { orders, stages } = open()
      const partition = `test-${randomUUID()}`
      const build = await seedBuild(open())
      const tags = [70, 50, 10 ** 12, 60, 50]
      const made = await stages.create(
        tags.map((startTag, i) =>
          newStage(build, i + 1, {
            partition,
            startTag,
            queueNumber: queueNumberOf(0, startTag, 0),
          }),
        ),
      )
      await stages.update(made[3]?.id ?? 0, { status: 'running' })
      await orders.setBase(partition, 0, 50, true)
      expect(await orders.listMoving()).toContainEqual({ partition, band: 0, base: 50 })
      const band = { partition, band: 0, base: 50 }
      const first = await orders.renumber(band, { startTag: -1, id: 0 }, 2)
      expect(first.map(({ id }) => id)).toEqual([made[1]?.id, made[4]?.id])
      const rest = await orders.renumber(band, first[1] ?? { startTag: 0, id: 0 }, 10)
      // The last one is as far from the base as before: it has the last number.
      expect(rest.map(({ id }) => id)).toEqual([made[0]?.id])
      const numbers = (await stages.listByBuild(build.id)).map(({ queueNumber }) => queueNumber)
      const expected = [70, 50, 10 ** 12, 60, 50].map((tag) => queueNumberOf(0, tag, 50))
      expected[3] = queueNumberOf(0, 60, 0)
      expect(numbers).toEqual(expected)
      await orders.setBase(partition, 0, 50, false)
      expect((await orders.listMoving()).filter((row) => row.partition === partition)).toEqual([])
    })

    it('finds the bands whose tags came far from their base, and what is first in them', async () => {
      const { orders, stages } = open()
      const partition = `test-${randomUUID()}`
      const build = await seedBuild(open())
      await orders.enqueue({ partition, band: 0, repoId: build.repoId }, 5_000)
      const far = async (distance: number) =>
        (await orders.listFar(distance)).filter((row) => row.partition === partition)
      expect(await far(5_000)).toEqual([])
      expect(await far(4_999)).toEqual([{ partition, band: 0, base: 0, head: null, finish: 5_000 }])
      await stages.create([newStage(build, 1, { partition, startTag: 4_000 })])
      expect(await far(4_999)).toEqual([
        { partition, band: 0, base: 0, head: 4_000, finish: 5_000 },
      ])
      await orders.setBase(partition, 0, 4_000, false)
      expect(await far(4_999)).toEqual([])
    })

    it('finds what waited long at the head of a band while a higher one waits', async () => {
      const { orders, stages } = open()
      const partition = `test-${randomUUID()}`
      const build = await seedBuild(open())
      const { repoId } = build
      for (const band of [-1, 0]) await orders.enqueue({ partition, band, repoId }, 1)
      const [low, high] = await stages.create(
        [-1, 0].map((priority, i) =>
          newStage(build, i + 1, { partition, priority, band: bandOf(priority) }),
        ),
      )
      const aged = async (ageingMs: number) => {
        const ids = await orders.listAged(ageingMs, 10)
        return [low, high].filter((stage) => ids.includes(stage?.id ?? 0))
      }
      expect(await aged(0)).toEqual([low])
      expect(await aged(600_000)).toEqual([])
      await stages.update(high?.id ?? 0, { status: 'running' })
      expect(await aged(0)).toEqual([])
    })
  })
}
