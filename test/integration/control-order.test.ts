import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  cancelBuild,
  OrderKeeper,
  offerAfterLoss,
  publishOffers,
  releaseStage,
} from '@waggle/control'
import { bandWidth, type Repo, type Stage, silentLogger } from '@waggle/domain'
import { openConsumer } from '@waggle/queue'
import { plainProfile, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

// Each test has a partition of its own, by a label: what waits of one is not in line with another's.
const inPool = (pool: string, name: string): string => `${pipeline(name)}node: {pool: ${pool}}\n`
const stagesIn = (pool: string, count: number): string =>
  manifest(...Array.from({ length: count }, (_, i) => inPool(pool, `s${i}`)))

describe.each(['sqlite', 'postgres'] as const)('order on %s', (database) => {
  let control: TestControl

  beforeAll(async () => {
    control = await openControl({ database })
  })
  afterAll(() => control.close())

  const submit = async (repo: Repo, pool: string, count = 1, priority?: number) =>
    built(
      await control.submit(repo, stagesIn(pool, count), priority === undefined ? {} : { priority }),
    ).stages
  const current = async (stages: readonly Stage[]) =>
    (await control.database.stages.findMany(stages.map(({ id }) => id))).toSorted(
      (a, b) => a.queueNumber - b.queueNumber || a.id - b.id,
    )
  /** Serves the first of these that waits, as a worker of the pool would. */
  const serve = async (stages: readonly Stage[], pool: string): Promise<Stage> => {
    const [next] = (await current(stages)).filter((stage) => !stage.isHeld)
    if (!next) throw new Error('nothing waits')
    await leaseOf(control, await poolWorker(pool), next.id)
    return next
  }
  const poolWorker = (pool: string) =>
    control.worker({
      profile: plainProfile({ pool }),
    })

  it('one stage waits for at most one of each repository that has 500 before it', async () => {
    const [a, b, c, d] = [
      await control.repo(),
      await control.repo(),
      await control.repo(),
      await control.repo(),
    ]
    const all = [...(await submit(a, 'fair', 500)), ...(await submit(c, 'fair', 300))]
    for (let i = 0; i < 9; i++) await serve(all, 'fair')
    const [own] = await submit(b, 'fair')
    all.push(own!, ...(await submit(d, 'fair', 20)))
    const served: number[] = []
    while (served.at(-1) !== b.id) served.push((await serve(all, 'fair')).repoId)
    expect(served.filter((id) => id === a.id).length).toBeLessThanOrEqual(1)
    expect(served.filter((id) => id === c.id).length).toBeLessThanOrEqual(1)
    expect(served.filter((id) => id === d.id).length).toBeLessThanOrEqual(1)
    // From here on the three take turns.
    const turns = [0, 0, 0].map((_, i) => [a.id, c.id, d.id][i])
    for (let i = 0; i < 5; i++) {
      const round: number[] = []
      for (let k = 0; k < 3; k++) round.push((await serve(all, 'fair')).repoId)
      expect(new Set(round)).toEqual(new Set(turns))
    }
  })

  it('many at once from one repository share one flow', async () => {
    const [a, b] = [await control.repo(), await control.repo()]
    const builds = await Promise.all(Array.from({ length: 20 }, () => submit(a, 'burst')))
    const stages = builds.flat()
    expect(new Set(stages.map(({ startTag }) => startTag)).size).toBe(20)
    const [own] = await submit(b, 'burst')
    const ahead = stages.filter((stage) => stage.queueNumber <= own!.queueNumber)
    expect(ahead.length).toBeLessThanOrEqual(1)
  })

  it('a higher priority goes first, a lower one last, and a wrong one is the nearest', async () => {
    const [plain, low] = [await control.repo(), await control.repo({ priority: -3 })]
    const [middle] = await submit(plain, 'bands')
    const [last] = await submit(low, 'bands')
    const [urgent] = await submit(low, 'bands', 1, 5)
    const [most] = await submit(plain, 'bands', 1, 99)
    const all = [middle!, last!, urgent!, most!]
    expect((await current(all)).map(({ id }) => id)).toEqual(
      [most!, urgent!, middle!, last!].map(({ id }) => id),
    )
    expect([last!.priority, urgent!.priority]).toEqual([-3, 5])
  })

  it('what was cancelled in line does not count as served', async () => {
    const [a, b] = [await control.repo(), await control.repo()]
    await submit(b, 'cancel', 50)
    const first = await submit(a, 'cancel', 40)
    await cancelBuild(control.deps, { id: first[0]!.buildId }, 'ann')
    const [again] = await submit(a, 'cancel')
    expect(again!.startTag).toBe(first[0]!.startTag)
  })

  it('a released stage goes back to the head of its line', async () => {
    const [a, b] = [await control.repo(), await control.repo()]
    const stages = await submit(a, 'back', 10)
    const lease = await leaseOf(control, await poolWorker('back'), stages[0]!.id)
    const others = await submit(b, 'back', 10)
    await releaseStage(control.deps, lease, 'draining')
    const [next] = await current([...stages, ...others])
    expect(next!.id).toBe(stages[0]!.id)
  })

  it('waiting long raises a stage while a higher one waits, band by band', async () => {
    const [low, high] = [await control.repo({ priority: -1 }), await control.repo({ priority: 1 })]
    const [old, young] = [(await submit(low, 'age'))[0]!, (await submit(high, 'age', 3))[0]!]
    const keeper = (ageingMs: number) =>
      new OrderKeeper({ ...control.deps, timers: { ...control.deps.timers, ageingMs } })
    const bandsOf = async () =>
      (await control.database.stages.findMany([old.id, young.id])).map(({ band }) => band)
    await keeper(600_000).run()
    expect((await bandsOf()).toSorted((a, b) => a - b)).toEqual([-1, 1])
    for (const expected of [0, 1]) {
      await keeper(0).run()
      expect((await control.database.stages.find(old.id))?.band).toBe(expected)
    }
    // None waits above it any more.
    await keeper(0).run()
    expect(await bandsOf()).toEqual([1, 1])
    expect((await control.database.stages.find(old.id))?.priority).toBe(-1)
  })

  it('numbers what waits anew before a band runs out of numbers, and keeps its order', async () => {
    const [a, b] = [await control.repo(), await control.repo()]
    const stages = [...(await submit(a, 'base', 4)), ...(await submit(b, 'base', 3))]
    const partition = stages[0]!.partition
    // As if half of the band had been served without a pause.
    const served = Math.ceil(bandWidth * 0.6)
    for (const stage of stages) {
      const startTag = stage.startTag + served
      const queueNumber = stage.queueNumber + served
      await control.database.stages.update(stage.id, { startTag, queueNumber })
      await control.database.orders.enqueue({ partition, repoId: stage.repoId, band: 0 }, 0)
    }
    await control.database.orders.enqueue({ partition, repoId: a.id, band: 0 }, served + 1)
    const before = (await current(stages)).map(({ id }) => id)
    const keeper = new OrderKeeper(control.deps)
    await keeper.run()
    expect((await control.database.orders.listMoving()).map((row) => row.partition)).toEqual([
      partition,
    ])
    const after = await current(stages)
    expect(after.map(({ id }) => id)).toEqual(before)
    expect(after[0]!.queueNumber).toBe(stages[0]!.queueNumber)
    await keeper.run()
    expect(await control.database.orders.listMoving()).toEqual([])
    expect((await control.database.orders.head(partition, 0)).base).toBe(served)
  })

  it('forgets the flows of partitions where nothing waits, and no others', async () => {
    const repo = await control.repo()
    const { orders } = control.database
    await orders.enqueue({ partition: 'gone', repoId: repo.id, band: 0 }, 7)
    const [waits] = await submit(repo, 'kept')
    await orders.forgetIdle(600_000)
    expect(await orders.head('gone', 0)).toEqual({ tag: 7, base: 0 })
    await orders.forgetIdle(-1_000)
    expect(await orders.head('gone', 0)).toEqual({ tag: 0, base: 0 })
    const next = await orders.enqueue({ partition: waits!.partition, repoId: repo.id, band: 0 }, 1)
    expect(next.first).toBe(waits!.startTag + 1)
  })

  describe('through the queue', () => {
    /** Takes from the real queue with one slot, and gives the stages in the order in which they came. */
    const takeAll = async (pool: string, count: number): Promise<readonly number[]> => {
      const worker = await poolWorker(pool)
      const taken: number[] = []
      const consumer = openConsumer({
        redis: { url: control.redis.url, prefix: '{test}' },
        log: silentLogger,
        timers: control.deps.timers,
        workerId: worker.id,
        profile: worker,
        slots: 1,
        onOffer: async ({ stageId, attempt }) => {
          if (taken.length === count) return { kind: 'unanswered' }
          const question = { attempt, requestId: randomUUID() }
          const answer = await acceptStage(control.deps, worker, stageId, question)
          if (answer.kind === 'accepted') taken.push(stageId)
          return { kind: 'settled', done: Promise.resolve() }
        },
      })
      await consumer.start()
      await waitUntil('all to be taken', () => taken.length === count)
      await consumer.close()
      return taken
    }

    it('repository A offers 500 stages, B one: one of A at most goes before it', async () => {
      const [a, b] = [await control.repo(), await control.repo()]
      const many = await submit(a, 'queue', 500)
      const first = await takeAll('queue', 5)
      expect(first).toEqual(many.slice(0, 5).map(({ id }) => id))
      const [own] = await submit(b, 'queue')
      const next = await takeAll('queue', 2)
      expect(next).toContain(own!.id)
    })

    it('is the same after Redis lost everything', async () => {
      const [a, b, c] = [await control.repo(), await control.repo(), await control.repo()]
      const stages = [
        ...(await submit(a, 'lost', 12)),
        ...(await submit(b, 'lost', 4)),
        ...(await submit(c, 'lost', 2, 4)),
      ]
      const expected = (await current(stages)).map(({ id }) => id)
      await control.redis.command('FLUSHALL')
      await offerAfterLoss(control.deps)
      // Offered twice is offered once.
      await publishOffers(control.deps, stages)
      expect(await takeAll('lost', stages.length)).toEqual(expected)
    })
  })
})
