import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  acknowledgeCancel,
  approveStage,
  cancelBuild,
  findHolds,
  finishStage,
  freeCleanedUp,
  freePlace,
  freeRemoved,
  LimitCheck,
  pauseQueue,
  Reconciler,
  releaseStage,
  resumeQueue,
} from '@waggle/control'
import { makeHook, partitionOf, type Stage } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const limited = (name: string, limit: number, ...dependsOn: readonly string[]): string =>
  `${pipeline(name, ...dependsOn)}concurrency: {limit: ${limit}}\n`

describe.each(['sqlite', 'postgres'] as const)('limits on %s', (database) => {
  let control: TestControl

  beforeAll(async () => {
    control = await openControl({ database })
  })
  afterAll(() => control.close())

  const stageOf = async ({ id }: Pick<Stage, 'id'>): Promise<Stage> => {
    const stage = await control.database.stages.find(id)
    if (!stage) throw new Error('the stage is gone')
    return stage
  }
  /** Ids of the stages whose entry is in the queue. */
  const offered = async (stages: readonly Stage[]): Promise<readonly number[]> => {
    const current = await control.database.stages.findMany(stages.map(({ id }) => id))
    const offers = current.map((stage) => ({
      stageId: stage.id,
      attempt: stage.attempt + 1,
      partition: stage.partition,
      attributes: partitionOf(stage),
      priority: 1,
    }))
    const missing = new Set((await control.deps.offers.missing(offers)).map((o) => o.stageId))
    return current
      .map(({ id }) => id)
      .filter((id) => !missing.has(id))
      .toSorted((a, b) => a - b)
  }
  const accept = async (stage: Pick<Stage, 'id'>) => {
    const { attempt } = await stageOf(stage)
    const question = { attempt: attempt + 1, requestId: randomUUID() }
    return acceptStage(control.deps, await control.worker(), stage.id, question)
  }
  const three = async (limit: number) => {
    const repo = await control.repo()
    const stages: Stage[] = []
    for (let i = 0; i < 3; i++)
      stages.push(built(await control.submit(repo, limited('deploy', limit))).stage)
    return { repo, stages, ids: stages.map(({ id }) => id) }
  }

  it('offers as many as the limit, and the next when one ends', async () => {
    const { stages, ids } = await three(1)
    expect(stages.map(({ isLimited }) => isLimited)).toEqual([false, true, true])
    expect(await offered(stages)).toEqual([ids[0]])
    const worker = await control.worker()
    await finishStage(control.deps, await runningLease(control, worker, ids[0]!), passed)
    expect(await offered(stages)).toEqual([ids[1]])
    expect(await findHolds(control.database, stages[2]!)).toMatchObject([
      { kind: 'limit', limit: 1, by: [{ id: ids[1] }] },
    ])
  })

  it.each([0, -1])('%i is no limit', async (limit) => {
    const { stages, ids } = await three(limit)
    expect(await offered(stages)).toEqual(ids)
  })

  it('offers the elders of a repository up to its throttle, whatever their names', async () => {
    const repo = await control.repo({ throttle: 2 })
    const { stages } = built(
      await control.submit(repo, manifest(...'abcd'.split('').map((n) => pipeline(n)))),
    )
    const ids = stages.map(({ id }) => id)
    expect(await offered(stages)).toEqual(ids.slice(0, 2))
    const worker = await control.worker()
    const lease = await runningLease(control, worker, ids[1]!)
    await finishStage(control.deps, lease, passed)
    expect(await offered(stages)).toEqual([ids[0], ids[2]])
  })

  it('keeps to the throttle of the time when the build was made', async () => {
    const repo = await control.repo({ throttle: 1 })
    const first = built(await control.submit(repo, manifest(pipeline('a'), pipeline('b'))))
    const changed = await control.database.repos.update(repo.id, { throttle: 0 })
    const second = built(await control.submit(changed!, pipeline('c')))
    expect(await offered([...first.stages, second.stage])).toEqual([
      first.stages[0]!.id,
      second.stage.id,
    ])
  })

  it('refuses a younger one at accept when an elder became pending after it was offered', async () => {
    const repo = await control.repo()
    const elder = built(
      await control.submit(repo, manifest(pipeline('first'), limited('deploy', 1, 'first'))),
    )
    const younger = built(await control.submit(repo, limited('deploy', 1)))
    expect(await offered([younger.stage])).toEqual([younger.stage.id])
    const worker = await control.worker()
    const lease = await runningLease(control, worker, elder.stage.id)
    await finishStage(control.deps, lease, passed)
    const [, deploy] = elder.stages
    expect(await offered([deploy!])).toEqual([deploy!.id])
    expect(await accept(younger.stage)).toEqual({ kind: 'refused', code: 'limited' })
    expect(await stageOf(younger.stage)).toMatchObject({ isLimited: true, attempt: 0 })
    await finishStage(control.deps, await runningLease(control, worker, deploy!.id), passed)
    expect(await stageOf(younger.stage)).toMatchObject({ isLimited: false })
    expect((await accept(younger.stage)).kind).toBe('accepted')
  })

  it('has one winner of 20 accepts of 20 stages with limit 1, though all were offered', async () => {
    const repo = await control.repo()
    const stages: Stage[] = []
    for (let i = 0; i < 20; i++)
      stages.push(built(await control.submit(repo, limited('deploy', 1))).stage)
    // As if each had been offered before its elders came.
    for (const { id } of stages) await control.database.stages.update(id, { isLimited: false })
    const answers = await Promise.all(stages.map(accept))
    expect(answers.map((answer) => answer.kind === 'accepted')).toEqual([
      true,
      ...Array.from({ length: 19 }, () => false),
    ])
    const codes = new Set(answers.map((answer) => (answer.kind === 'refused' ? answer.code : '')))
    expect(codes).toEqual(new Set(['', 'limited']))
  })

  it('offers as many as the limit again when all that run end at once', async () => {
    const repo = await control.repo()
    const stages: Stage[] = []
    for (let i = 0; i < 24; i++)
      stages.push(built(await control.submit(repo, limited('deploy', 4))).stage)
    const free = async () =>
      (await control.database.stages.findMany(stages.map(({ id }) => id)))
        .filter(({ status, isHeld, isLimited }) => status === 'pending' && !isHeld && !isLimited)
        .map(({ id }) => id)
        .toSorted((a, b) => a - b)
    const worker = await control.worker()
    const end = { ...passed, status: 'error', error: 'x', exitCode: 1, updates: [] } as const
    for (let round = 0; round < 6; round++) {
      const now = await free()
      expect(now).toEqual(stages.slice(4 * round, 4 * round + 4).map(({ id }) => id))
      const leases = await Promise.all(now.map((id) => leaseOf(control, worker, id)))
      expect(await free()).toEqual([])
      await Promise.all(leases.map((lease) => finishStage(control.deps, lease, end)))
    }
  })

  it('never runs two of limit 1, whichever way an elder comes while a younger is taken', async () => {
    for (let round = 0; round < 15; round++) {
      const repo = await control.repo()
      const elder = built(
        await control.submit(repo, manifest(pipeline('first'), limited('deploy', 1, 'first'))),
      )
      const younger = built(await control.submit(repo, limited('deploy', 1))).stage
      const [first, deploy] = elder.stages
      const lease = await runningLease(control, await control.worker(), first!.id)
      // The elder is asked for again and again, so that one accept meets the transaction of the other.
      const asked = Array.from({ length: 8 }, () => accept(deploy!))
      const answers = await Promise.all([
        accept(younger),
        finishStage(control.deps, lease, passed),
        ...asked,
        ...asked.map(() => accept(deploy!)),
      ])
      const running = answers.filter(({ kind }) => kind === 'accepted')
      expect(running.length).toBeLessThanOrEqual(1)
      const states = await control.database.stages.findMany([deploy!.id, younger.id])
      expect(states.filter(({ isHeld }) => isHeld).length).toBe(running.length)
      // Whoever waits goes next.
      const next = await Promise.all([accept(deploy!), accept(younger)])
      const all = running.length + next.filter(({ kind }) => kind === 'accepted').length
      expect(all).toBe(1)
    }
  })

  it('counts a cancelled one until its worker closed it', async () => {
    const { stages, ids } = await three(1)
    const worker = await control.worker()
    const lease = await runningLease(control, worker, ids[0]!)
    await cancelBuild(control.deps, { id: stages[0]!.buildId }, 'ann')
    expect(await offered(stages)).toEqual([])
    await acknowledgeCancel(control.deps, lease, [])
    expect(await offered(stages)).toEqual([ids[1]])
    // One that waits is closed at once.
    await cancelBuild(control.deps, { id: stages[1]!.buildId }, 'ann')
    expect(await offered(stages)).toEqual([ids[2]])
    expect(await stageOf(stages[1]!)).toMatchObject({ status: 'skipped', isLimited: false })
  })

  it('gives a released stage its place back', async () => {
    const { stages, ids } = await three(1)
    const lease = await leaseOf(control, await control.worker(), ids[0]!)
    await releaseStage(control.deps, lease, 'draining')
    expect(await offered(stages)).toEqual([ids[0]])
    expect(await stageOf(stages[0]!)).toMatchObject({ isLimited: false, attempt: 1 })
  })

  it('holds approved stages back as well', async () => {
    const repo = await control.repo({ protected: true })
    const make = async () => {
      const { stages } = built(
        await control.submit(repo, limited('deploy', 1), {
          hook: makeHook({ event: 'push', trigger: '@hook' }),
        }),
      )
      return stages[0]!
    }
    const [a, b] = [await make(), await make()]
    expect([a.status, b.status]).toEqual(['blocked', 'blocked'])
    for (const stage of [b, a]) await approveStage(control.deps, { id: stage.buildId }, 1, 'ann')
    // The younger was approved first, so it was offered; accept asks again.
    expect((await accept(b)).kind).toBe('refused')
    expect((await accept(a)).kind).toBe('accepted')
  })

  it('offers nothing while paused, and all that may run on resume', async () => {
    const { repo, stages, ids } = await three(2)
    await pauseQueue(control.deps)
    const late = built(await control.submit(repo, pipeline('other'))).stage
    expect(await offered([late])).toEqual([])
    expect(await accept(stages[0]!)).toEqual({ kind: 'refused', code: 'paused' })
    await resumeQueue(control.deps)
    expect(await offered([...stages, late])).toEqual([...ids.slice(0, 2), late.id])
  })

  it('stays paused for a process that starts later, and when Redis has lost everything', async () => {
    const stage = built(await control.submit(await control.repo(), pipeline('patient'))).stage
    await pauseQueue(control.deps, 'ann')
    await control.redis.command('FLUSHALL')
    // What a process knows of the pause it knows by its database: this one has not asked yet.
    const deps = { ...control.deps, database: { ...control.database } }
    expect(await new Reconciler(deps).run()).toBe(0)
    expect(await offered([stage])).toEqual([])
    const question = { attempt: 1, requestId: randomUUID() }
    const answer = await acceptStage(deps, await control.worker(), stage.id, question)
    expect(answer).toEqual({ kind: 'refused', code: 'paused' })
    await resumeQueue(deps)
    expect(await offered([stage])).toEqual([stage.id])
  })

  it('finds one that nothing holds back any more, should one be left', async () => {
    const { stages, ids } = await three(1)
    await control.database.stages.update(ids[0]!, { status: 'skipped' })
    expect(await offered([stages[1]!])).toEqual([])
    expect(await new LimitCheck(control.deps).run()).toBe(1)
    expect(await offered([stages[1]!, stages[2]!])).toEqual([ids[1]])
  })

  describe('when a worker is lost', () => {
    const lose = async (limit: number) => {
      const all = await three(limit)
      const worker = await control.worker()
      await runningLease(control, worker, all.ids[0]!)
      // Its next boot says that the one before is dead.
      await control.worker({ workerId: worker.id, bootId: randomUUID() })
      expect(await stageOf(all.stages[0]!)).toMatchObject({ status: 'error', isHeld: false })
      return { ...all, worker }
    }

    it('the stage keeps its place until the worker cleaned up', async () => {
      const { stages, ids, worker } = await lose(1)
      const lost = { stageId: ids[0]!, attempt: 1 }
      expect(await findHolds(control.database, await stageOf(stages[1]!))).toMatchObject([
        { kind: 'limit', by: [{ id: ids[0], keepsPlace: true }] },
      ])
      await freeCleanedUp(control.deps, worker.id, [lost])
      expect(await offered(stages.slice(1))).toEqual([])
      await freeCleanedUp(control.deps, randomUUID(), [])
      expect(await offered(stages.slice(1))).toEqual([])
      await freeCleanedUp(control.deps, worker.id, [])
      expect(await offered(stages.slice(1))).toEqual([ids[1]])
    })

    it('or another worker of the machine removed what it left', async () => {
      const { stages, ids } = await lose(1)
      await freeRemoved(control.deps, [{ stageId: ids[0]!, attempt: 2 }])
      expect(await offered(stages.slice(1))).toEqual([])
      await freeRemoved(control.deps, [{ stageId: ids[0]!, attempt: 1 }])
      expect(await offered(stages.slice(1))).toEqual([ids[1]])
    })

    it('or an admin gives it up, or its time has passed', async () => {
      const { stages, ids } = await lose(1)
      expect(await freePlace(control.deps, stages[0]!, 'by ann')).toBe(true)
      expect(await freePlace(control.deps, stages[0]!, 'by ann')).toBe(false)
      expect(await offered(stages.slice(1))).toEqual([ids[1]])

      const other = await lose(1)
      const { placeUntil } = await stageOf(other.stages[0]!)
      expect(placeUntil).toBeGreaterThan((await control.database.now()) + 59 * 60_000)
      await control.database.stages.update(other.ids[0]!, { placeUntil: 1 })
      await new LimitCheck(control.deps).run()
      expect(await offered(other.stages.slice(1))).toEqual([other.ids[1]])
    })
  })

  it('a build of 500 stages of which three may run at once runs to its end', async () => {
    const repo = await control.repo({ throttle: 3 })
    const names = Array.from({ length: 500 }, (_, i) => `s${i}`)
    const { stages } = built(await control.submit(repo, manifest(...names.map((n) => pipeline(n)))))
    expect(await offered(stages)).toEqual(stages.slice(0, 3).map(({ id }) => id))
    const worker = await control.worker()
    const end = { ...passed, status: 'error', error: 'x', exitCode: 1, updates: [] } as const
    for (let i = 0; i < 20; i++)
      await finishStage(control.deps, await leaseOf(control, worker, stages[i]!.id), end)
    expect(await offered(stages.slice(20))).toEqual(stages.slice(20, 23).map(({ id }) => id))
  })
})
