import {
  acknowledgeCancel,
  cancelBuild,
  finishStage,
  grantSteps,
  heartbeat,
  heldAttempts,
  releaseStage,
  reportSteps,
  sealLog,
  startStage,
} from '@waggle/control'
import type { Lease, StepStatus } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease, twoSteps } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const ok = { kind: 'ok' }
const leaseLost = { kind: 'refused', code: 'lease_lost' }

const submit = async (...documents: readonly string[]) =>
  built(await control.submit(await control.repo(), manifest(...documents)))

const rowsOf = async (stageId: number) => {
  const stage = await control.database.stages.find(stageId)
  const build = await control.database.builds.find(stage?.buildId ?? 0)
  const steps = await control.database.steps.listByStage(stageId)
  const attempt = await control.database.attempts.find(stageId, stage?.attempt ?? 0)
  return JSON.stringify({ stage, build, steps, attempt })
}

const update = (number: number, status: StepStatus, exitCode = 0, error = '') => ({
  number,
  status,
  exitCode,
  error,
})

/** Every call that a worker can make under a lease. */
const everyCall = (lease: Lease): readonly (readonly [string, () => Promise<unknown>])[] => {
  const { deps } = control
  const grants = [{ step: 2, try: 1 }]
  const seal = { lines: 0, bytes: 0, crc32: 0, gap: '' }
  return [
    ['start', () => startStage(deps, lease, { steps: twoSteps, grants })],
    ['grant', () => grantSteps(deps, lease, { updates: [], grants })],
    ['report', () => reportSteps(deps, lease, [update(1, 'failure', 7)])],
    ['seal', () => sealLog(deps, lease, { step: 1, try: 1, seal })],
    ['finish', () => finishStage(deps, lease, { ...passed, status: 'failure', exitCode: 7 })],
    ['release', () => releaseStage(deps, lease, 'no')],
    ['acknowledge', () => acknowledgeCancel(deps, lease, [])],
  ]
}

describe('a stage from start to end', () => {
  it('runs, grants before it starts, reports, finishes, and closes the build', async () => {
    const { deps, database } = control
    const { stage, build } = await submit(pipeline('a'))
    const worker = await control.worker()
    const lease = await leaseOf(control, worker, stage.id)
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({ state: 'leased' })

    const start = { steps: twoSteps, grants: [{ step: 1, try: 1 }] }
    expect(await startStage(deps, lease, start)).toEqual(ok)
    const started = await rowsOf(stage.id)
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({ state: 'granted' })
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'running' })
    expect(await startStage(deps, lease, start)).toEqual(ok)
    expect(await rowsOf(stage.id)).toBe(started)

    const next = { updates: [update(1, 'success')], grants: [{ step: 2, try: 1 }] }
    expect(await grantSteps(deps, lease, next)).toEqual(ok)
    expect(await grantSteps(deps, lease, next)).toEqual(ok)
    // Late and backward reports are passed over.
    expect(await reportSteps(deps, lease, [update(1, 'running'), update(1, 'failure', 1)])).toEqual(
      ok,
    )
    const steps = await database.steps.listByStage(stage.id)
    expect(steps.map((step) => [step.status, step.grantedTry])).toEqual([
      ['success', 1],
      ['running', 1],
    ])

    const end = {
      ...passed,
      status: 'failure',
      exitCode: 3,
      updates: [update(2, 'failure', 3, 'no\u0000pe'.repeat(500))],
    } as const
    expect(await finishStage(deps, lease, end)).toEqual(ok)
    const ended = await rowsOf(stage.id)
    expect(await finishStage(deps, lease, end)).toEqual(ok)
    expect(await rowsOf(stage.id)).toBe(ended)
    expect(await database.stages.find(stage.id)).toMatchObject({
      status: 'failure',
      exitCode: 3,
      isHeld: false,
    })
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({
      state: 'ended',
      end: 'finished',
      answerSealed: null,
    })
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'failure' })
    const error = (await database.steps.findByNumber(stage.id, 2))?.error
    expect(error).toBe('nope'.repeat(125))
  })

  it('releases dependents once, and skips them after a failure', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const green = await submit(pipeline('a'), pipeline('b', 'a'), pipeline('c', 'a', 'b'))
    const statuses = async (buildId: number) =>
      (await database.stages.listByBuild(buildId)).map((stage) => stage.status)
    const run = async (stageId: number, status: 'success' | 'failure') => {
      const lease = await runningLease(control, worker, stageId)
      await finishStage(deps, lease, { ...passed, status })
    }
    const [a, b, c] = green.stages.map((stage) => stage.id)
    await run(a ?? 0, 'success')
    expect(await statuses(green.build.id)).toEqual([
      'success',
      'pending',
      'waiting_on_dependencies',
    ])
    await run(b ?? 0, 'success')
    await run(c ?? 0, 'success')
    expect((await database.builds.find(green.build.id))?.status).toBe('success')

    const red = await submit(pipeline('a'), pipeline('b', 'a'), pipeline('c', 'b'))
    await run(red.stages[0]?.id ?? 0, 'failure')
    expect(await statuses(red.build.id)).toEqual(['failure', 'skipped', 'skipped'])
    expect((await database.builds.find(red.build.id))?.status).toBe('failure')
  })

  it('completes a build once when its 20 stages end at the same time', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`)
    const { stages, build } = await submit(
      ...names.map((name) => pipeline(name)),
      pipeline('last', ...names),
    )
    const leases = await Promise.all(
      stages.slice(0, 20).map((stage) => runningLease(control, worker, stage.id)),
    )
    await Promise.all(leases.map((lease) => finishStage(deps, lease, passed)))
    const last = stages[20]?.id ?? 0
    expect(await database.stages.find(last)).toMatchObject({ status: 'pending', attempt: 0 })
    await finishStage(deps, await runningLease(control, worker, last), passed)
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'success' })
  })

  it('ends a stage that could not begin, without a start', async () => {
    const { deps, database } = control
    const { stage, build } = await submit(pipeline('a'))
    const lease = await leaseOf(control, await control.worker(), stage.id)
    await expect(finishStage(deps, lease, { ...passed, updates: [] })).rejects.toMatchObject({
      kind: 'invalid',
    })
    const end = { status: 'error', exitCode: 255, error: 'linter: no', updates: [] } as const
    expect(await finishStage(deps, lease, end)).toEqual(ok)
    expect(await database.stages.find(stage.id)).toMatchObject({
      status: 'error',
      error: 'linter: no',
    })
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'error' })
  })

  it('leaves no step open in a stage that ended, and invents no exit code', async () => {
    const { stage } = await submit(pipeline('a'))
    const lease = await runningLease(control, await control.worker(), stage.id)
    await finishStage(control.deps, lease, { ...passed, status: 'error', updates: [] })
    const steps = await control.database.steps.listByStage(stage.id)
    expect(steps.map((step) => [step.status, step.exitCode])).toEqual([
      ['error', 255],
      ['skipped', 0],
    ])
  })

  it('closes the log of a granted step that it did not seal, so that no viewer waits for ever', async () => {
    const { deps, database } = control
    const { stage } = await submit(pipeline('a'))
    const lease = await runningLease(control, await control.worker(), stage.id)
    const key = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
    const end = { status: 'error', exitCode: 255, error: 'worker: broken', updates: [] } as const
    expect(await finishStage(deps, lease, end)).toEqual({ kind: 'ok' })
    expect(await database.logs.findSeal(key)).toMatchObject({
      lines: 0,
      gap: 'its worker did not seal it; the end is open',
    })
    await waitUntil('the outbox', async () => (await database.outbox.list(10)).length === 0)
  })

  it('refuses grants that cannot come next', async () => {
    const { stage } = await submit(pipeline('a'))
    const lease = await runningLease(control, await control.worker(), stage.id)
    const grant = (step: number, attempted: number) =>
      grantSteps(control.deps, lease, { updates: [], grants: [{ step, try: attempted }] })
    const before = await rowsOf(stage.id)
    await expect(grant(9, 1)).rejects.toMatchObject({ code: 'unknown_step' })
    await expect(grant(2, 2)).rejects.toMatchObject({ code: 'bad_try' })
    expect(await rowsOf(stage.id)).toBe(before)
    await reportSteps(control.deps, lease, [update(1, 'success')])
    await expect(grant(1, 2)).rejects.toMatchObject({ code: 'step_ended' })
  })
})

describe('a start', () => {
  it('that asks for an impossible grant changes no row', async () => {
    const { deps } = control
    const { stage } = await submit(pipeline('a'))
    const lease = await leaseOf(control, await control.worker(), stage.id)
    const before = await rowsOf(stage.id)
    const start = (steps: typeof twoSteps, ...grants: readonly { step: number; try: number }[]) =>
      startStage(deps, lease, { steps, grants })
    await expect(start(twoSteps, { step: 9, try: 1 })).rejects.toMatchObject({
      code: 'unknown_step',
    })
    await expect(start(twoSteps, { step: 1, try: 2 })).rejects.toMatchObject({ code: 'bad_try' })
    await expect(start([...twoSteps, ...twoSteps])).rejects.toMatchObject({ code: 'bad_steps' })
    expect(await rowsOf(stage.id)).toBe(before)
  })

  it('without grants leaves the attempt without one', async () => {
    const { deps, database } = control
    const { stage } = await submit(pipeline('a'))
    const lease = await leaseOf(control, await control.worker(), stage.id)
    expect(await startStage(deps, lease, { steps: twoSteps, grants: [] })).toEqual(ok)
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({ state: 'leased' })
    const grants = [{ step: 1, try: 1 }]
    // The same start, repeated with what it asks for only now, grants it.
    expect(await startStage(deps, lease, { steps: twoSteps, grants })).toEqual(ok)
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({ state: 'granted' })
    expect(await database.steps.listByStage(stage.id)).toHaveLength(2)
  })
})

describe('a lease', () => {
  it('that is stale, forged or of another worker changes no row', async () => {
    const { stage } = await submit(pipeline('a'))
    const worker = await control.worker()
    const first = await leaseOf(control, worker, stage.id)
    expect(await releaseStage(control.deps, first, 'first')).toEqual(ok)
    const second = await runningLease(control, worker, stage.id)
    expect(second.attempt).toBe(2)
    const other = await control.worker()
    const before = await rowsOf(stage.id)
    const forged: readonly Lease[] = [
      first,
      { ...first, attempt: 2 },
      { ...second, attempt: 1 },
      { ...second, attempt: 3 },
      { ...second, token: `${second.token}x` },
      { ...second, token: '' },
      { ...second, workerId: other.id },
      { ...second, stageId: 999_999 },
    ]
    for (const lease of forged)
      for (const [name, call] of everyCall(lease)) {
        // A released attempt answers its own release as it did before.
        if (lease === first && name === 'release') continue
        expect([name, await call()]).toEqual([name, leaseLost])
      }
    expect(await rowsOf(stage.id)).toBe(before)
  })

  it('that finished changes no row any more', async () => {
    const { stage } = await submit(pipeline('a'))
    const lease = await runningLease(control, await control.worker(), stage.id)
    await finishStage(control.deps, lease, passed)
    const before = await rowsOf(stage.id)
    for (const [name, call] of everyCall(lease))
      expect([name, await call()]).toEqual([name, name === 'finish' ? ok : leaseLost])
    await cancelBuild(control.deps, { id: stage.buildId }, 'ann')
    expect(await rowsOf(stage.id)).toBe(before)
  })

  it('is given back before a grant: steps are forgotten, the next attempt is offered', async () => {
    const { deps, database } = control
    const { stage } = await submit(pipeline('a'))
    const worker = await control.worker()
    const lease = await leaseOf(control, worker, stage.id)
    await startStage(deps, lease, { steps: twoSteps, grants: [] })
    expect(await releaseStage(deps, lease, 'draining')).toEqual(ok)
    expect(await releaseStage(deps, lease, 'draining')).toEqual(ok)
    expect(await database.stages.find(stage.id)).toMatchObject({
      status: 'pending',
      isHeld: false,
      machine: '',
      attempt: 1,
    })
    expect(await database.steps.listByStage(stage.id)).toEqual([])
    const granted = await runningLease(control, worker, stage.id)
    await expect(releaseStage(deps, granted, 'late')).rejects.toMatchObject({ code: 'granted' })
  })

  it('is renewed when its worker names it, and lost to it when it is not its own', async () => {
    const { deps, database } = control
    const { stage } = await submit(pipeline('a'))
    const worker = await control.worker()
    await leaseOf(control, worker, stage.id)
    const mine = { stageId: stage.id, attempt: 1 }
    const foreign = { stageId: stage.id, attempt: 2 }
    const before = await database.attempts.find(stage.id, 1)
    await deps.clock.sleep(5)
    expect(await heartbeat({ database }, worker, [mine, mine, foreign])).toEqual({
      cancelled: [],
      lost: [foreign],
      isDraining: false,
    })
    const after = await database.attempts.find(stage.id, 1)
    expect(after?.renewedAt).toBeGreaterThan(before?.renewedAt ?? Number.POSITIVE_INFINITY)
    const other = await control.worker()
    expect((await heartbeat({ database }, other, [mine])).lost).toEqual([mine])
    expect(await heldAttempts({ database }, [mine, foreign])).toEqual([mine])
  })
})
