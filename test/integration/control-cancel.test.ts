import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  acknowledgeCancel,
  cancelBuild,
  finishStage,
  grantSteps,
  heartbeat,
} from '@waggle/control'
import type { CancelMessage } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const cancelled = { kind: 'refused', code: 'cancelled' }
const submit = async (...documents: readonly string[]) =>
  built(await control.submit(await control.repo(), manifest(...documents)))

describe('cancel', () => {
  it('ends a running build at once, tells its worker, and takes only exit codes from it', async () => {
    const { deps, database } = control
    const { stage, build, stages } = await submit(pipeline('a'), pipeline('b', 'a'))
    const worker = await control.worker()
    const lease = await runningLease(control, worker, stage.id)
    const heard: CancelMessage[] = []
    const unwatch = await deps.signals.watchCancels(worker.id, {
      onCancel: (message) => heard.push(message),
      onGap: () => undefined,
    })
    const result = await cancelBuild(deps, build, 'ann')
    expect(result).toMatchObject({ isCancelled: true, build: { status: 'killed' } })
    await waitUntil('the worker to hear of it', () => heard.length > 0)
    expect(heard).toEqual([{ stageId: stage.id, attempt: 1 }])
    await unwatch()

    expect((await database.stages.listByBuild(build.id)).map((row) => row.status)).toEqual([
      'killed',
      'skipped',
    ])
    expect(stages).toHaveLength(2)
    const steps = await database.steps.listByStage(stage.id)
    expect(steps.map((step) => [step.status, step.exitCode])).toEqual([
      ['killed', 130],
      ['skipped', 130],
    ])
    expect(await finishStage(deps, lease, passed)).toEqual(cancelled)
    const grants = [{ step: 2, try: 1 }]
    expect(await grantSteps(deps, lease, { updates: [], grants })).toEqual(cancelled)

    const ref = { stageId: stage.id, attempt: 1 }
    const answer = await heartbeat(deps, worker, [ref])
    expect(answer).toEqual({ cancelled: [ref], lost: [], isDraining: false })
    const update = { number: 1, status: 'killed', exitCode: 137, error: '' } as const
    expect(await acknowledgeCancel(deps, lease, [update])).toEqual({ kind: 'ok' })
    expect(await acknowledgeCancel(deps, lease, [update])).toEqual({ kind: 'ok' })
    expect((await database.steps.findByNumber(stage.id, 1))?.exitCode).toBe(137)
    const attempt = await database.attempts.find(stage.id, 1)
    expect(attempt).toMatchObject({ state: 'ended', end: 'cancelled' })
    for (const time of [attempt?.cancelRequestedAt, attempt?.cancelSeenAt, attempt?.cancelDoneAt])
      expect(time).toBeGreaterThan(0)
    expect(await database.stages.find(stage.id)).toMatchObject({ status: 'killed', isHeld: false })
  })

  it('of a pending stage withdraws its offer and refuses its accept', async () => {
    const { deps } = control
    const { stage, build } = await submit(pipeline('a'))
    const entry = `{test}:${stage.partition}:${stage.id}-1`
    expect(await control.redis.command('EXISTS', entry)).toContain(':1')
    await cancelBuild(deps, build, 'ann')
    expect(await control.redis.command('EXISTS', entry)).toContain(':0')
    const question = { attempt: 1, requestId: randomUUID() }
    expect(await acceptStage(deps, await control.worker(), stage.id, question)).toEqual({
      kind: 'refused',
      code: 'not_pending',
    })
    expect(await control.database.stages.find(stage.id)).toMatchObject({ status: 'skipped' })
    await waitUntil('the outbox', async () => (await control.database.outbox.list(10)).length === 0)
  })

  it('of an accepted stage that did not start leaves it to its worker to end', async () => {
    const { deps, database } = control
    const { stage, build } = await submit(pipeline('a'))
    const worker = await control.worker()
    const lease = await leaseOf(control, worker, stage.id)
    await cancelBuild(deps, build, 'ann')
    expect(await database.stages.find(stage.id)).toMatchObject({ status: 'skipped', isHeld: true })
    expect(await acknowledgeCancel(deps, lease, [])).toEqual({ kind: 'ok' })
    expect(await database.stages.find(stage.id)).toMatchObject({ isHeld: false })
  })

  it('leaves no log of a granted step open that its worker did not seal', async () => {
    const { deps, database } = control
    const { stage, build } = await submit(pipeline('a'))
    const worker = await control.worker()
    const lease = await runningLease(control, worker, stage.id)
    await cancelBuild(deps, build, 'ann')
    expect(await acknowledgeCancel(deps, lease, [])).toEqual({ kind: 'ok' })
    const key = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
    expect(await database.logs.findSeal(key)).toMatchObject({
      lines: 0,
      gap: 'its worker did not seal it; the end is open',
    })
    const block = { first: 0, count: 1, data: Buffer.from([0]) }
    expect(await deps.liveLog.append(key, block)).toBe(false)
    await waitUntil('the outbox', async () => (await database.outbox.list(10)).length === 0)
  })

  it('after the finish changes nothing', async () => {
    const { deps, database } = control
    const { stage, build } = await submit(pipeline('a'))
    const lease = await runningLease(control, await control.worker(), stage.id)
    await finishStage(deps, lease, passed)
    const before = JSON.stringify(await database.stages.find(stage.id))
    const result = await cancelBuild(deps, build, 'ann')
    expect(result).toMatchObject({ isCancelled: false, build: { status: 'success' } })
    expect(JSON.stringify(await database.stages.find(stage.id))).toBe(before)
  })

  it('racing the finish leaves one end that both agree on', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const ends = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const { stage, build } = await submit(pipeline('a'))
      const lease = await runningLease(control, worker, stage.id)
      const finish = () => finishStage(deps, lease, passed)
      const cancel = () => cancelBuild(deps, build, 'ann')
      const [finished, killed] =
        i % 2 === 0
          ? await Promise.all([finish(), cancel()])
          : await Promise.all([cancel(), finish()]).then(([c, f]) => [f, c] as const)
      const status = killed.isCancelled ? 'killed' : 'success'
      expect(finished.kind).toBe(killed.isCancelled ? 'refused' : 'ok')
      expect((await database.stages.find(stage.id))?.status).toBe(status)
      expect((await database.builds.find(build.id))?.status).toBe(status)
      ends.add(status)
    }
    expect(ends).toEqual(new Set(['killed', 'success']))
  })
})
