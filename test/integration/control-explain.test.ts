import { randomUUID } from 'node:crypto'
import {
  drainWorker,
  explainWait,
  finishStage,
  pauseQueue,
  Reconciler,
  releaseStage,
  removeWorker,
  resumeQueue,
  resumeWorker,
  sayReason,
  warnUnserved,
} from '@waggle/control'
import { type Build, makeHook, type Repo, type Stage, type WorkerRecord } from '@waggle/domain'
import { openConsumer } from '@waggle/queue'
import { startPostgres, type TestPostgres, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const fork = { trigger: '@hook', event: 'pull_request', fork: 'mallory/app' } as const

describe.each(['sqlite', 'postgres'] as const)('why a stage waits, on %s', (database) => {
  let control: TestControl
  let bee: WorkerRecord
  let repo: Repo

  let postgres: TestPostgres | null = null
  beforeAll(async () => {
    if (database === 'postgres') postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())
  beforeEach(async () => {
    control = await openControl({ database, postgres })
    repo = await control.repo()
  })
  afterEach(() => control.close())

  const withBee = async (slots = 1) => {
    bee = await control.worker({ name: 'bee', slots })
    return bee
  }
  const submit = async (text = pipeline('test'), of = repo) => built(await control.submit(of, text))
  const explain = async (stage: Stage, deps = control.deps) => {
    const now = await control.database.stages.find(stage.id)
    if (!now) throw new Error('no such stage')
    const report = await explainWait(deps, now)
    const codes = report.reasons.map(({ code }) => code)
    const said = report.reasons.map((reason) =>
      sayReason(reason, { nowMs: report.nowMs, stage: now }),
    )
    return { ...report, codes, said, reason: report.reasons[0] }
  }
  /** Bee has it; as a worker does, it took the entry out of the queue. */
  const runs = async (stage: Stage) => {
    const lease = await runningLease(control, bee, stage.id)
    const { partition } = stage
    await control.deps.offers.withdraw([{ stageId: stage.id, attempt: 1, partition }])
    return lease
  }
  const platform = (os: string, arch: string, labels = '') =>
    `${pipeline('test')}platform: {os: ${os}, arch: ${arch}}\nnode: {${labels}}\n`
  /** Stages of the name that took so long. */
  const pastRuns = async (build: Build, name: string, ...seconds: readonly number[]) => {
    const number = (await control.database.stages.listByBuild(build.id)).length
    const [known] = await control.database.stages.listByBuild(build.id)
    if (!known) throw new Error('no stage')
    const { id: _, retries: _r, placeUntil: _p, createdAt: _c, updatedAt: _u, ...row } = known
    await control.database.stages.create(
      seconds.map((s, i) => ({
        ...row,
        ...{ number: number + i + 1, name, status: 'success' as const, isHeld: false },
        ...{ startedAt: 1_000, stoppedAt: 1_000 + s * 1_000 },
      })),
    )
  }

  it('no worker is known, or none that fits: the nearest with all that differs', async () => {
    const { stage } = await submit(platform('linux', 'arm64', 'gpu: big'))
    const nobody = await explain(stage)
    expect(nobody.reasons).toEqual([{ code: 'no_worker', known: 0, nearest: [] }])
    expect(nobody.said).toEqual([
      'No worker is known; it needs one for docker linux/arm64 with gpu=big.',
    ])
    await withBee()
    await control.worker({ name: 'windows', profile: { ...bee, os: 'windows', arch: 'arm64' } })
    const found = await explain(stage)
    expect(found).toMatchObject({ state: 'waiting', position: 1, depth: 1, startsIn: null })
    expect(found.reason).toMatchObject({
      code: 'no_worker',
      known: 2,
      nearest: [
        {
          name: 'bee',
          state: 'idle',
          differs: [
            { attribute: 'arch', worker: 'amd64', stage: 'arm64' },
            { attribute: 'labels', worker: '', stage: 'gpu=big' },
          ],
        },
        { name: 'windows' },
      ],
    })
    expect(found.said[0]).toContain(
      'Nearest: "bee" (idle) has arch "amd64" instead of "arm64" and labels none instead of "gpu=big"',
    )
  })

  it('the workers that could are drained, or not heard of', async () => {
    const { stage } = await submit()
    await withBee()
    await drainWorker(control.deps, bee.id, 'ann')
    const drained = await explain(stage)
    expect(drained.reason).toMatchObject({
      code: 'workers_drained',
      count: 1,
      workers: [{ id: bee.id, name: 'bee' }],
    })
    await resumeWorker(control.deps, bee.id)
    expect((await explain(stage)).codes).toEqual(['due'])
    const timers = { ...control.deps.timers, disconnectedMs: -1_000 }
    const away = await explain(stage, { ...control.deps, timers })
    expect(away.reason).toMatchObject({ code: 'workers_away', count: 1 })
    expect(away.said[0]).toContain('nothing is heard of it')
  })

  it('all slots are busy: how many, the place in the queue, and when one is likely to be free', async () => {
    await withBee(1)
    const first = await submit()
    await runs(first.stage)
    const [second, third] = [await submit(), await submit()]
    expect(await explain(third.stage)).toMatchObject({
      reasons: [{ code: 'workers_busy', workers: 1, slots: 1, busy: 1, slotFreeIn: null }],
      position: 2,
      depth: 2,
      durations: null,
      startsIn: null,
      endsIn: null,
    })
    await pastRuns(first.build, 'test', 60, 60, 120)
    const known = await explain(second.stage)
    expect(known.durations).toMatchObject({ medianMs: 60_000, samples: 3 })
    expect(known.startsIn?.lowMs).toBeGreaterThan(50_000)
    expect(known.startsIn?.highMs).toBeLessThanOrEqual(120_000)
    const later = await explain(third.stage)
    expect(later.startsIn?.lowMs).toBeGreaterThan(known.startsIn?.lowMs ?? 0)
    expect(later.endsIn?.lowMs).toBeGreaterThan(later.startsIn?.lowMs ?? 0)
    expect(known.said[0]).toMatch(
      /^All 1 slot of the 1 worker .* busy; the next is likely to be free in .*min/,
    )
    const running = await explain(first.stage)
    expect(running).toMatchObject({ state: 'running', reason: { worker: 'bee', attempt: 1 } })
    expect(running.endsIn?.highMs).toBeLessThanOrEqual(120_000)
  })

  it('slots are free but others come first, or nothing holds it back', async () => {
    await withBee(2)
    const stages = [await submit(), await submit(), await submit()]
    const reports = await Promise.all(stages.map(({ stage }) => explain(stage)))
    expect(reports.map(({ codes, position }) => [codes, position])).toEqual([
      [['due'], 1],
      [['due'], 2],
      [['others_first'], 3],
    ])
    expect(reports[2]?.reason).toMatchObject({ ahead: 2, free: 2 })
    expect(reports[0]?.startsIn).toEqual({ lowMs: 0, highMs: 0 })
  })

  it('the queue is paused: since when and by whom', async () => {
    await withBee()
    await pauseQueue(control.deps, 'ann')
    await pauseQueue(control.deps, 'bob')
    const { stage } = await submit()
    const paused = await explain(stage)
    expect(paused.reasons).toEqual([
      { code: 'paused', by: 'ann', since: expect.any(Number) as number },
    ])
    expect(paused.said[0]).toMatch(/paused for \d+ s by "ann"/)
    await resumeQueue(control.deps)
    expect((await explain(stage)).codes).toEqual(['due'])
    await pauseQueue(control.deps)
    expect((await explain(stage)).said[0]).toMatch(/paused for \d+ s: nothing starts/)
  })

  it('a limit and a throttle hold it back: who counts, and when they are likely to end', async () => {
    await withBee(9)
    repo = await control.repo({ throttle: 2 })
    const limited = `${pipeline('deploy')}concurrency: {limit: 1}\n`
    const first = await submit(limited)
    await runs(first.stage)
    const second = await submit(limited)
    const third = await submit(limited)
    const heldBy = { build: 1, number: 1, name: 'deploy', status: 'running', isLost: false }
    expect((await explain(second.stage)).reasons).toEqual([
      {
        code: 'limit',
        limit: 1,
        count: 1,
        heldBy: [{ stageId: first.stage.id, ...heldBy, endsIn: null }],
      },
    ])
    const both = await explain(third.stage)
    expect(both.codes).toEqual(['limit', 'throttle'])
    expect(both.reasons[1]).toMatchObject({ limit: 2, count: 2 })
    expect(both).toMatchObject({ position: 0, startsIn: null })
    await pastRuns(first.build, 'deploy', 30, 40)
    const known = await explain(second.stage)
    expect(known.startsIn?.highMs).toBeLessThanOrEqual(40_000)
    expect(known.said[0]).toMatch(
      /^At most 1 stage named "deploy" .*"deploy" of build 1 \(stage 1, running, ends in .*\)\.$/,
    )
  })

  it('it waits for stages of its build, or for an approval', async () => {
    await withBee()
    const { stages } = await submit(manifest(pipeline('a'), pipeline('b', 'a')))
    const waiting = await explain(stages[1] as Stage)
    expect(waiting.reasons).toEqual([
      {
        code: 'dependency',
        stages: [{ stageId: stages[0]?.id, number: 1, name: 'a', status: 'pending' }],
      },
    ])
    expect(waiting.said).toEqual(['It waits for stage 1 "a" (pending).'])
    const hook = makeHook({ ...fork, ref: 'refs/pull/1/head', target: 'main' })
    const foreign = built(await control.submit(repo, pipeline('a'), { hook }))
    const blocked = await explain(foreign.stage)
    expect(blocked.codes).toEqual(['approval'])
    expect(blocked.said[0]).toMatch(/^It waits for \d+ s for somebody to approve it\.$/)
  })

  it('the queue lost its entry, a worker has it, or Redis does not answer', async () => {
    await withBee()
    const { stage } = await submit()
    await new Reconciler(control.deps).run()
    const offer = { stageId: stage.id, attempt: 1, partition: stage.partition }
    await control.deps.offers.withdraw([offer])
    await control.database.ticks.win('reconcile', 60_000)
    const lost = await explain(stage)
    expect(lost.reasons).toEqual([
      { code: 'not_queued', isWhole: false, nextCheckAt: expect.any(Number) as number },
    ])
    expect(lost.said[0]).toMatch(/the reconciler puts it back .* the next one in (5\d s|1 min)/)
    await control.deps.offers.setEpoch('another')
    expect((await explain(stage)).reason).toMatchObject({ code: 'not_queued', isWhole: true })
    await new Reconciler(control.deps).run()
    expect((await explain(stage)).codes).toEqual(['due'])

    const release = Promise.withResolvers<{ kind: 'unanswered' }>()
    const consumer = openConsumer({
      workerId: randomUUID(),
      profile: bee,
      slots: 1,
      redis: { url: control.redis.url, prefix: '{test}' },
      log: control.deps.log,
      timers: control.deps.timers,
      onOffer: () => release.promise,
    })
    await consumer.start()
    try {
      await waitUntil('the fetch', async () => (await explain(stage)).codes[0] === 'offered')
    } finally {
      release.resolve({ kind: 'unanswered' })
      await consumer.close()
    }
    await control.redis.stop()
    const away = await explain(stage)
    expect(away).toMatchObject({ codes: ['queue_away'], position: 0, depth: null, startsIn: null })
  })

  it('a stage that a worker took while it was explained is not missing in the queue', async () => {
    await withBee()
    const { stage } = await submit()
    await runs(stage)
    expect(await explainWait(control.deps, stage)).toMatchObject({
      state: 'running',
      reasons: [{ code: 'running', worker: 'bee' }],
    })
  })

  it('a worker accepted it, gave it back, ran it, ended it', async () => {
    await withBee()
    const { stage } = await submit()
    const lease = await leaseOf(control, bee, stage.id)
    const accepted = await explain(stage)
    expect(accepted).toMatchObject({
      state: 'accepted',
      reasons: [{ code: 'accepted', worker: 'bee', attempt: 1 }],
      past: [],
    })
    expect(accepted.said[0]).toMatch(/^"bee" accepted it \d+ s ago and prepares it; attempt 1\.$/)
    await releaseStage(control.deps, lease, 'set-up failed')
    const again = await explain(stage)
    expect(again.state).toBe('waiting')
    expect(again.past).toMatchObject([{ number: 1, worker: 'bee', end: 'released' }])
    const second = await runningLease(control, bee, stage.id)
    expect((await explain(stage)).reason).toMatchObject({ code: 'running', attempt: 2 })
    await finishStage(control.deps, second, passed)
    const ended = await explain(stage)
    expect(ended).toMatchObject({ state: 'ended', reason: { code: 'ended', status: 'success' } })
    expect(ended.said).toEqual(['It is over: success.'])
  })

  it('warns of what no worker takes, and names no worker', async () => {
    const text = manifest(pipeline('a'), platform('windows', 'amd64'), pipeline('c', 'a'))
    const { stages } = await submit(text)
    expect(await warnUnserved(control.deps, stages)).toMatchObject([
      { code: 'no_worker', stages: [1, 3] },
      { code: 'no_worker', stages: [2] },
    ])
    await withBee()
    const [warning, ...more] = await warnUnserved(control.deps, stages)
    expect(more).toEqual([])
    expect(warning).toMatchObject({ code: 'no_worker', stages: [2] })
    expect(warning?.message).toContain('one that has os "linux" instead of "windows"')
    expect(warning?.message).not.toContain('bee')
    const deliveryKey = 'd1'
    await control.submit(repo, platform('windows', 'amd64'), { deliveryKey })
    const delivery = await control.database.deliveries.findByKey(repo.id, deliveryKey)
    expect(delivery).toMatchObject({ outcome: 'built', buildNumber: 2 })
    expect(delivery?.reason).toContain(
      'no worker takes test: None of the 1 known worker can run it',
    )
    const over = stages.map((stage) => ({ ...stage, status: 'success' as const }))
    expect(await warnUnserved(control.deps, over)).toEqual([])
  })

  it('a drained worker is refused what it fetched, and one that is gone can be forgotten', async () => {
    await withBee()
    const { stage } = await submit()
    await drainWorker(control.deps, bee.id, 'ann')
    await expect(leaseOf(control, bee, stage.id)).rejects.toThrow('not accepted: draining')
    // Known from a moment ago: what counts is the row.
    await expect(leaseOf(control, { ...bee, isDraining: true }, stage.id)).rejects.toThrow(
      'draining',
    )
    await resumeWorker(control.deps, bee.id)
    await leaseOf(control, { ...bee, isDraining: true }, stage.id)
    await expect(removeWorker(control.deps, bee.id)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'worker_not_gone',
    })
    for (const ask of [removeWorker, resumeWorker])
      await expect(ask(control.deps, 'nobody')).rejects.toMatchObject({ kind: 'not_found' })
    const old = await control.worker({ name: 'old' })
    const timers = { ...control.deps.timers, lostMs: -1_000 }
    await removeWorker({ ...control.deps, timers }, old.id)
    expect(await control.database.workers.find(old.id)).toBeNull()
  })
})
