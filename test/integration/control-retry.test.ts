import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  finishStage,
  grantSteps,
  registerWorker,
  releaseStage,
  sealLog,
  startStage,
  startTimers,
} from '@waggle/control'
import type { Lease, StageResult, WorkerRecord } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, twoSteps } from './lease-of.ts'
import { openControl, type TestControl } from './open-control.ts'

let control: TestControl
let worker: WorkerRecord

beforeAll(async () => {
  control = await openControl({
    timers: { requeueMs: 300, lostMs: 700, graceMs: 400, reconcileMs: 60, breakerMs: 600 },
  })
  worker = await control.worker()
})
afterAll(() => control.close())

const submit = async (retry: string, rest = '') => {
  const steps = 'steps:\n- { name: one, image: a }\n- { name: two, image: b }'
  const text = `kind: pipeline\nname: default\nwaggle:\n  retry: ${retry}\n${steps}\n${rest}`
  return built(await control.submit(await control.repo(), text))
}

const accept = async (stageId: number, canFence = true) => {
  const stage = await control.database.stages.find(stageId)
  const attempt = (stage?.attempt ?? 0) + 1
  const question = { attempt, requestId: randomUUID(), canFence }
  const answer = await acceptStage(control.deps, worker, stageId, question)
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.code}`)
  const lease: Lease = { workerId: worker.id, stageId, attempt, token: answer.leaseToken }
  return { lease, isFenced: answer.isFenced }
}

const run = async (stageId: number, canFence = true): Promise<Lease> => {
  const { lease } = await accept(stageId, canFence)
  const grants = [{ step: 1, try: 1 }]
  expect(await startStage(control.deps, lease, { steps: twoSteps, grants })).toEqual({ kind: 'ok' })
  return lease
}

const failed = (code: number, status: 'failure' | 'error' = 'failure'): StageResult => ({
  status,
  exitCode: 0,
  error: status === 'error' ? 'cannot pull' : '',
  updates: [
    { number: 1, status, exitCode: code, error: '' },
    { number: 2, status: 'skipped', exitCode: 0, error: '' },
  ],
})

const stageOf = async (id: number) => {
  const stage = await control.database.stages.find(id)
  if (!stage) throw new Error('the stage is gone')
  return stage
}

describe('a stage with retry', () => {
  it('is pending again when it failed, with its steps as new, and offered at once', async () => {
    const { build, stage } = await submit('1')
    const lease = await run(stage.id)
    const before = await control.database.steps.listByStage(stage.id)
    expect(await finishStage(control.deps, lease, failed(1))).toEqual({ kind: 'ok' })
    expect(await stageOf(stage.id)).toMatchObject({
      status: 'pending',
      isHeld: false,
      machine: '',
      attempt: 1,
      retries: 1,
    })
    expect((await control.database.builds.find(build.id))?.status).toBe('running')
    const steps = await control.database.steps.listByStage(stage.id)
    expect(steps.map(({ id, status, grantedTry }) => [id, status, grantedTry])).toEqual(
      before.map(({ id }) => [id, 'pending', 0]),
    )
    expect(await control.database.attempts.find(stage.id, 1)).toMatchObject({ end: 'finished' })
    const key = `{test}:${stage.partition}:${stage.id}-2`
    expect(await control.redis.command('EXISTS', key)).toMatch(/^:1/)
    // The same call again changes nothing.
    expect(await finishStage(control.deps, lease, failed(1))).toEqual({ kind: 'ok' })
    expect((await stageOf(stage.id)).retries).toBe(1)
  })

  it('keeps the logs of the attempt before, and ends with the last one', async () => {
    const { build, stage } = await submit('1')
    const first = await run(stage.id)
    const seal = { lines: 0, bytes: 0, crc32: 0, gap: '' }
    await sealLog(control.deps, first, { step: 1, try: 1, seal })
    await finishStage(control.deps, first, failed(1))
    const second = await run(stage.id)
    const [step] = await control.database.steps.listByStage(stage.id)
    expect(step).toMatchObject({ status: 'running', grantedTry: 1 })
    const log = { stageId: stage.id, step: 1, try: 1 }
    expect(await control.database.logs.findSeal({ ...log, attempt: 1 })).toMatchObject(seal)
    await sealLog(control.deps, second, { step: 1, try: 1, seal: { ...seal, gap: 'second' } })
    expect(await control.database.logs.findLatest(step?.id ?? 0)).toEqual({ ...log, attempt: 2 })
    expect(await finishStage(control.deps, second, failed(2))).toEqual({ kind: 'ok' })
    expect(await stageOf(stage.id)).toMatchObject({ status: 'failure', retries: 1, attempt: 2 })
    expect((await control.database.builds.find(build.id))?.status).toBe('failure')
  })

  it('closes the logs that its attempt left open', async () => {
    const { stage } = await submit('1')
    const lease = await run(stage.id)
    await finishStage(control.deps, lease, failed(1))
    const log = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
    expect((await control.database.logs.findSeal(log))?.gap).toContain('the end is open')
  })

  it('ends when it passes, whatever it was before', async () => {
    const { build, stage } = await submit('2')
    await finishStage(control.deps, await run(stage.id), failed(1))
    const lease = await run(stage.id)
    const grants = [{ step: 2, try: 1 }]
    const updates = [passed.updates[0]]
    await grantSteps(control.deps, lease, { grants, updates })
    await finishStage(control.deps, lease, passed)
    expect(await stageOf(stage.id)).toMatchObject({ status: 'success', retries: 1 })
    expect((await control.database.builds.find(build.id))?.status).toBe('success')
  })

  it('keeps earlier logs where the next attempt is given back before it ran', async () => {
    const { stage } = await submit('1')
    const first = await run(stage.id)
    const seal = { lines: 0, bytes: 0, crc32: 0, gap: '' }
    await sealLog(control.deps, first, { step: 1, try: 1, seal })
    await finishStage(control.deps, first, failed(1))
    const { lease } = await accept(stage.id)
    await releaseStage(control.deps, lease, 'the worker stops')
    const log = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
    expect(await control.database.logs.findSeal(log)).toMatchObject(seal)
    expect(await stageOf(stage.id)).toMatchObject({ status: 'pending', retries: 1 })
  })

  const ends: readonly [string, string, StageResult, string][] = [
    ['an exit code that it names', '{ count: 1, on: [3] }', failed(3), 'pending'],
    ['an exit code that it does not name', '{ count: 1, on: [3] }', failed(4), 'failure'],
    ['an error that it names', '{ count: 1, on: [error] }', failed(255, 'error'), 'pending'],
    ['an error that it does not name', '{ count: 1 }', failed(255, 'error'), 'error'],
    ['a failure where it names worker loss', '{ count: 1, on: worker_lost }', failed(1), 'failure'],
    ['a killed stage', '1', { ...failed(1), status: 'killed' }, 'killed'],
  ]
  it.each(ends)('decides on %s', async (_name, retry, end, status) => {
    const { stage } = await submit(retry)
    await finishStage(control.deps, await run(stage.id), end)
    expect((await stageOf(stage.id)).status).toBe(status)
  })
})

describe('a stage that may run again when its worker is lost', () => {
  const lost = '{ count: 1, on: worker_lost }'

  it('fences its worker, where the worker can and tries are left', async () => {
    expect((await accept((await submit(lost)).stage.id)).isFenced).toBe(true)
    expect((await accept((await submit(lost)).stage.id, false)).isFenced).toBe(false)
    expect((await accept((await submit('1')).stage.id)).isFenced).toBe(false)
  })

  it('is run again after the loss, once, and lost after that', async () => {
    const { build, stage } = await submit(lost)
    await run(stage.id)
    const timers = startTimers(control.deps)
    try {
      await waitUntil(
        'the stage to be pending',
        async () => (await stageOf(stage.id)).retries === 1,
      )
      expect(await stageOf(stage.id)).toMatchObject({ status: 'pending', isHeld: false })
      expect(await control.database.attempts.find(stage.id, 1)).toMatchObject({ end: 'lost' })
      const second = await run(stage.id)
      expect(second.attempt).toBe(2)
      expect((await control.database.attempts.find(stage.id, 2))?.isFenced).toBe(false)
      await waitUntil(
        'the stage to be lost',
        async () => (await stageOf(stage.id)).status === 'error',
      )
      expect((await control.database.builds.find(build.id))?.status).toBe('error')
    } finally {
      await timers.stop()
    }
  })

  it('is lost where its worker could not be fenced', async () => {
    const { stage } = await submit(lost)
    await run(stage.id, false)
    const timers = startTimers(control.deps)
    try {
      await waitUntil('the end', async () => (await stageOf(stage.id)).status === 'error')
      expect((await stageOf(stage.id)).retries).toBe(0)
    } finally {
      await timers.stop()
    }
  })

  it('is left to the reaper when its worker starts again: what it ran may still run', async () => {
    const own = await control.worker({ name: 'restarted' })
    worker = own
    const { stage } = await submit(lost)
    await run(stage.id)
    await registerWorker(control.deps, {
      workerId: own.id,
      bootId: randomUUID(),
      name: own.name,
      version: own.version,
      slots: own.slots,
      profile: own,
    })
    expect(await stageOf(stage.id)).toMatchObject({ status: 'running', isHeld: true, retries: 0 })
    worker = await control.worker()
  })
})
