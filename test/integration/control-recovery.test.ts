import { randomUUID } from 'node:crypto'
import {
  authenticateWorker,
  cancelBuild,
  finishStage,
  heartbeat,
  Reconciler,
  type RegisterQuestion,
  registerWorker,
  startTimers,
  submitBuild,
} from '@waggle/control'
import { failpoints, makeHook, type WorkerRecord } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl({
    timers: {
      requeueMs: 300,
      lostMs: 700,
      graceMs: 400,
      reconcileMs: 60,
      breakerMs: 1_500,
    },
  })
})
afterAll(() => control.close())

const submit = async (...documents: readonly string[]) =>
  built(await control.submit(await control.repo(), manifest(...documents)))

const isOffered = async (stage: { id: number; partition: string }, attempt = 1) => {
  const key = `{test}:${stage.partition}:${stage.id}-${attempt}`
  return (await control.redis.command('EXISTS', key)).startsWith(':1')
}

const question = (worker: WorkerRecord, bootId: string): RegisterQuestion => ({
  workerId: worker.id,
  bootId,
  name: worker.name,
  version: worker.version,
  slots: worker.slots,
  profile: worker,
})

describe('a worker that starts again', () => {
  it('settles at once what its older boot left', async () => {
    const { deps, database } = control
    const worker = await control.worker({ name: 'phoenix' })
    const leased = await submit(pipeline('a'))
    const granted = await submit(pipeline('a'), pipeline('b', 'a'))
    const closing = await submit(pipeline('a'))
    const mine = await submit(pipeline('a'))
    const orphan = await leaseOf(control, worker, leased.stage.id)
    await runningLease(control, worker, granted.stage.id)
    await runningLease(control, worker, closing.stage.id)
    await cancelBuild(deps, closing.build, 'ann')

    const bootId = randomUUID()
    const answer = await registerWorker(deps, question(worker, bootId))
    expect(answer).toMatchObject({ serverVersion: 'test', heartbeatMs: deps.timers.heartbeatMs })
    expect(await database.stages.find(leased.stage.id)).toMatchObject({
      status: 'pending',
      isHeld: false,
      attempt: 1,
    })
    expect(await database.attempts.find(leased.stage.id, 1)).toMatchObject({ end: 'requeued' })
    expect(await isOffered(leased.stage, 2)).toBe(true)
    const lost = await database.stages.find(granted.stage.id)
    expect(lost).toMatchObject({ status: 'error', isHeld: false, exitCode: 255 })
    expect(lost?.error).toMatch(/^worker lost \(phoenix( \(\d+\))?, last contact \d{4}-.*Z\)$/)
    const steps = await database.steps.listByStage(granted.stage.id)
    expect(steps.map((step) => step.status)).toEqual(['error', 'skipped'])
    expect((await database.builds.find(granted.build.id))?.status).toBe('error')
    expect((await database.stages.listByBuild(granted.build.id))[1]?.status).toBe('skipped')
    expect(await database.attempts.find(closing.stage.id, 1)).toMatchObject({ state: 'ended' })
    expect((await database.stages.find(closing.stage.id))?.status).toBe('killed')
    expect(await finishStage(deps, orphan, passed)).toMatchObject({ code: 'lease_lost' })

    // Registering the same boot again, as after a lost reply, takes nothing back.
    const current = await authenticateWorker(deps, answer.token)
    if (!current) throw new Error('the token does not open')
    await leaseOf(control, current, mine.stage.id)
    const again = await registerWorker(deps, question(worker, bootId))
    expect((await database.stages.find(mine.stage.id))?.isHeld).toBe(true)
    expect(await authenticateWorker(deps, answer.token)).toBeNull()
    expect((await authenticateWorker(deps, again.token))?.bootId).toBe(bootId)
    // The older boot hears that it is not the current one.
    expect((await heartbeat(deps, worker, [])).isDraining).toBe(true)
  })

  it('cannot come back once a newer boot of it has started, and ends nothing of that one', async () => {
    const { deps, database } = control
    const older = await control.worker()
    const isAgain = true
    // The API's database was emptied, or its own call was repeated: the same boot is let in.
    await registerWorker(deps, { ...question(older, older.bootId), isAgain })
    const newer = question(older, randomUUID())
    const { token } = await registerWorker(deps, newer)
    const current = await authenticateWorker(deps, token)
    if (!current) throw new Error('the token does not open')
    const { stage } = await submit(pipeline('a'))
    await leaseOf(control, current, stage.id)
    await expect(
      registerWorker(deps, { ...question(older, older.bootId), isAgain }),
    ).rejects.toMatchObject({ kind: 'conflict', code: 'superseded' })
    expect((await database.stages.find(stage.id))?.isHeld).toBe(true)
    expect((await authenticateWorker(deps, token))?.bootId).toBe(newer.bootId)
    await registerWorker(deps, { ...question(older, randomUUID()), isAgain: false })
  })

  it('is known by its token alone', async () => {
    const { deps } = control
    const worker = await control.worker()
    const { token } = await registerWorker(deps, question(worker, randomUUID()))
    expect((await authenticateWorker(deps, token))?.id).toBe(worker.id)
    for (const wrong of [
      '',
      worker.id,
      `${worker.id}.`,
      `${token}x`,
      token.slice(37),
      `${randomUUID()}.${token.slice(37)}`,
      'x'.repeat(10_000),
    ])
      expect(await authenticateWorker(deps, wrong)).toBeNull()
  })

  it('ends a stage that took three of its boots with it', async () => {
    const { deps, database } = control
    const { stage } = await submit(pipeline('a'))
    let worker = await control.worker()
    for (let crash = 1; crash <= 3; crash++) {
      await leaseOf(control, worker, stage.id)
      await registerWorker(deps, question(worker, randomUUID()))
      worker = (await database.workers.find(worker.id)) ?? worker
    }
    expect(await database.stages.find(stage.id)).toMatchObject({
      status: 'error',
      error: 'crashed the worker 3 times',
      isHeld: false,
    })
  })
})

describe('timers', () => {
  let running: { stop(): Promise<void> } | undefined

  afterEach(async () => {
    await running?.stop()
    running = undefined
  })

  it('take back what a silent worker was not granted, and end the rest, but not what is renewed', async () => {
    const { deps, database } = control
    const silent = await control.worker({ name: 'silent' })
    const alive = await control.worker({ name: 'alive' })
    const leased = await submit(pipeline('a'))
    const granted = await submit(pipeline('a'))
    const kept = await submit(pipeline('a'))
    await leaseOf(control, silent, leased.stage.id)
    await runningLease(control, silent, granted.stage.id)
    await runningLease(control, alive, kept.stage.id)
    const ref = { stageId: kept.stage.id, attempt: 1 }
    const beating = setInterval(() => void heartbeat(deps, alive, [ref]), 50)
    const startedAt = performance.now()
    running = startTimers(deps)
    await waitUntil('the lease without a grant to be taken back', async () =>
      isOffered(leased.stage, 2),
    )
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(deps.timers.graceMs)
    await waitUntil('the granted one to be lost', async () => {
      const stage = await database.stages.find(granted.stage.id)
      return stage?.status === 'error' && stage.error.startsWith('worker lost (silent')
    })
    clearInterval(beating)
    expect(await database.stages.find(kept.stage.id)).toMatchObject({ status: 'running' })
    expect((await database.builds.find(granted.build.id))?.status).toBe('error')
    await waitUntil(
      'the outbox to be empty',
      async () => (await database.outbox.list(9)).length === 0,
    )
  })

  it('expire nobody while many workers are silent at once, until the breaker has held long enough', async () => {
    const { deps, database } = control
    const stages = await Promise.all([1, 2, 3, 4].map(() => submit(pipeline('a'))))
    const workers = await Promise.all(stages.map(() => control.worker()))
    for (const [i, { stage }] of stages.entries())
      await runningLease(control, workers[i] as WorkerRecord, stage.id)
    const refs = stages.map(({ stage }) => ({ stageId: stage.id, attempt: 1 }))
    await Promise.all(workers.map((worker) => heartbeat(deps, worker, refs)))
    const startedAt = performance.now()
    running = startTimers(deps)
    const statuses = async () => {
      const rows = await database.stages.findMany(stages.map(({ stage }) => stage.id))
      return new Set(rows.map((row) => row.status))
    }
    await waitUntil('all of them to be lost', async () => !(await statuses()).has('running'))
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(deps.timers.breakerMs)
    expect(await statuses()).toEqual(new Set(['error']))
  })

  it('offer again what Redis lost', async () => {
    const stages = await Promise.all([1, 2, 3].map(async () => (await submit(pipeline('a'))).stage))
    running = startTimers(control.deps)
    const offered = async () =>
      (await Promise.all(stages.map((stage) => isOffered(stage)))).every(Boolean)
    await waitUntil('the epoch to be in Redis', () => control.deps.offers.epoch())
    for (let i = 0; i < 3; i++) {
      await control.redis.command('FLUSHALL')
      await waitUntil('all to be offered again', offered)
    }
  })

  it('offer what was committed by a process that died before it could', async () => {
    const { deps, database } = control
    const repo = await control.repo()
    const request = {
      repo,
      hook: makeHook({ event: 'push', target: 'main' }),
      cloneUrl: '',
      manifest: { text: pipeline('a') },
      resolve: false,
    }
    const board = globalThis as Record<symbol, unknown>
    board[failpoints] = {
      hit: (name: string) => {
        if (name === 'hook.committed') throw new Error('killed here')
      },
    }
    try {
      await expect(submitBuild(deps, request)).rejects.toThrow('killed here')
    } finally {
      delete board[failpoints]
    }
    const build = await database.builds.findByNumber(repo.id, 1)
    const [stage] = await database.stages.listByBuild(build?.id ?? 0)
    if (!stage) throw new Error('the build was not committed')
    expect(await isOffered(stage)).toBe(false)
    running = startTimers(deps)
    await waitUntil('the stage to be offered', () => isOffered(stage))
    await waitUntil(
      'the outbox to be empty',
      async () => (await database.outbox.list(9)).length === 0,
    )
  })

  it('work again after Redis was away', async () => {
    const { deps, database } = control
    running = startTimers(deps)
    await control.redis.crash()
    const { stage } = await submit(pipeline('a'))
    expect((await database.outbox.list(9)).length).toBeGreaterThan(0)
    await control.redis.restart()
    await waitUntil('the stage to be offered', () => isOffered(stage))
  })
})

describe('the rolling comparison', () => {
  it('finds single entries that a queue lost', async () => {
    const { deps } = control
    const reconciler = new Reconciler(deps)
    await reconciler.run()
    const { stage } = await submit(pipeline('a'))
    await control.redis.command('DEL', `{test}:${stage.partition}:${stage.id}-1`)
    expect(await isOffered(stage)).toBe(false)
    await waitUntil('the entry to be found missing', async () => {
      await reconciler.run()
      return isOffered(stage)
    })
  })
})
