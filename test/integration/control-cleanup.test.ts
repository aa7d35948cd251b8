import {
  Cleanup,
  cancelBuild,
  defaultHousekeeping,
  finishStage,
  heartbeat,
  Reaper,
  ReaperHealth,
  reportSteps,
} from '@waggle/control'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl({
    database: 'postgres',
    timers: { lostMs: 300, requeueMs: 200, breakerMs: 60_000 },
  })
})
afterAll(() => control.close())

const submit = async (...documents: readonly string[]) =>
  built(await control.submit(await control.repo(), manifest(...documents)))

/** Everything is past its time at once, unless said otherwise. */
const cleanup = (known: Partial<typeof defaultHousekeeping.cleanup> = {}, mayExpire = true) => {
  const never = 86_400_000
  const limits = { bufferMs: never, pendingMs: never, runningMs: never, ...known }
  const housekeeping = {
    ...defaultHousekeeping,
    cleanup: { ...defaultHousekeeping.cleanup, ...limits },
  }
  return new Cleanup({ ...control.deps, housekeeping }, { mayExpire })
}

const hourMs = 3_600_000

describe('a stage that runs longer than its timeout and the buffer', () => {
  it('is killed, its worker is told, and its dependents are skipped', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const { build, stage } = await submit(pipeline('a'), pipeline('b', 'a'))
    const lease = await runningLease(control, worker, stage.id)
    await cleanup({ bufferMs: 0 }).run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('running')
    // As if the timeout of an hour had passed.
    await database.stages.update(stage.id, { startedAt: (await database.now()) - 2 * hourMs })
    await cleanup({ bufferMs: 1.5 * hourMs }).run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('running')
    await cleanup({ bufferMs: 0 }, false).run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('running')

    expect(await cleanup({ bufferMs: 0 }).run(0)).toBe(1)
    const [first, second] = await database.stages.listByBuild(build.id)
    expect(first).toMatchObject({
      status: 'killed',
      error: 'timed out: ran longer than 1 h and 0 s more',
      isHeld: true,
    })
    expect(second?.status).toBe('skipped')
    expect((await database.builds.find(build.id))?.status).toBe('killed')
    const steps = await database.steps.listByStage(stage.id)
    expect(steps.every((step) => step.status === 'killed' || step.status === 'skipped')).toBe(true)
    const ref = { stageId: stage.id, attempt: 1 }
    const answer = await heartbeat(deps, worker, [ref])
    expect(answer.cancelled).toContainEqual(ref)
    expect(await reportSteps(deps, lease, [])).toMatchObject({ kind: 'refused' })
    expect(await cleanup({ bufferMs: 0 }).run(0)).toBe(0)
  })
})

describe('a stage that was accepted and is never started', () => {
  it('is ended after the same time', async () => {
    const { database } = control
    const { stage } = await submit(pipeline('a'))
    await leaseOf(control, await control.worker(), stage.id)
    await cleanup({ bufferMs: 0 }).run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('pending')
    await cleanup({ bufferMs: -1.1 * hourMs }).run(0)
    expect(await database.stages.find(stage.id)).toMatchObject({ status: 'killed', isHeld: true })
    expect((await database.attempts.find(stage.id, 1))?.state).toBe('closing')
  })

  it('has one end, whoever comes first', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    for (let turn = 0; turn < 10; turn++) {
      const { stage } = await submit(pipeline('a'))
      const lease = await runningLease(control, worker, stage.id)
      await database.stages.update(stage.id, { startedAt: (await database.now()) - 2 * hourMs })
      const [count, finished] = await Promise.all([
        cleanup({ bufferMs: 0 }).run(0),
        finishStage(deps, lease, passed),
      ])
      const status = (await database.stages.find(stage.id))?.status
      expect(status).toBe(count === 1 ? 'killed' : 'success')
      expect(finished.kind === 'refused').toBe(count === 1)
    }
  })
})

describe('a stage that is pending for too long', () => {
  it('ends in error with what it waited for, and is offered to nobody any more', async () => {
    const { database } = control
    const { build, stage } = await submit(
      `${pipeline('lonely')}platform: { os: windows, arch: arm64 }\n`,
    )
    await cleanup({ bufferMs: 0, pendingMs: 0 }, false).run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('pending')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await cleanup({ bufferMs: 0, pendingMs: 0 }).run(0)).toBeGreaterThan(0)
    const ended = await database.stages.find(stage.id)
    expect(ended?.status).toBe('error')
    expect(ended?.error).toMatch(/^pending for \d+ s, longer than allowed\. .*windows/)
    expect((await database.builds.find(build.id))?.status).toBe('error')
    const key = `{test}:${stage.partition}:${stage.id}-1`
    expect(await control.redis.command('EXISTS', key)).toMatch(/^:0/)
  })

  it('is not blamed for a time in which no process was there', async () => {
    const { database } = control
    const { stage } = await submit(pipeline('patient'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const late = cleanup({ bufferMs: 0, pendingMs: 2 })
    await late.run(hourMs)
    const soon = cleanup({ bufferMs: 0, pendingMs: hourMs })
    await soon.run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('pending')
    await database.settings.set('waiting_counted_since', '0')
    expect(await cleanup({ bufferMs: 0, pendingMs: 0 }).run(0)).toBeGreaterThan(0)
    expect((await database.stages.find(stage.id))?.status).toBe('error')
  })
})

describe('leftovers', () => {
  it('of a build that stands still are closed', async () => {
    const { database } = control
    const done = await submit(pipeline('a'))
    await database.stages.update(done.stage.id, { status: 'success', stoppedAt: 1 })
    const stuck = await submit(pipeline('a'), pipeline('b', 'a'))
    const stages = await database.stages.listByBuild(stuck.build.id)
    await database.stages.update(stages[0]?.id ?? 0, { status: 'success', stoppedAt: 1 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await cleanup({ bufferMs: 0, runningMs: 0 }).run(0)
    expect((await database.builds.find(done.build.id))?.status).toBe('success')
    // What could still run was let go instead.
    expect((await database.stages.listByBuild(stuck.build.id))[1]?.status).toBe('pending')
    await cancelBuild(control.deps, stuck.build, 'ann')
  })

  it('of a build that is over are ended with it', async () => {
    const { database } = control
    const { build, stage } = await submit(pipeline('a'))
    await database.builds.update(build.id, { status: 'success', finishedAt: 5 })
    await cleanup().run(0)
    expect((await database.stages.find(stage.id))?.status).toBe('skipped')
    expect((await database.builds.find(build.id))?.status).toBe('success')
  })
})

describe('the breaker', () => {
  it('counts from when any process saw the loss, and anew after each', async () => {
    const { deps, database } = control
    const stages = await Promise.all([1, 2, 3].map(() => submit(pipeline('a'))))
    for (const { stage } of stages) await runningLease(control, await control.worker(), stage.id)
    await new Promise((resolve) => setTimeout(resolve, 400))
    const health = new ReaperHealth(deps.clock, 0)
    const alarms: string[] = []
    const log = { ...deps.log, error: (text: string) => alarms.push(text) }
    const one = new Reaper({ ...deps, log }, health)
    const other = new Reaper(deps, health)
    expect(await one.run(0)).toBe(0)
    expect(alarms).toEqual(['many workers fell silent at once, none is expired yet'])
    const since = Number(await database.settings.get('mass_loss_since'))
    expect(since).toBeGreaterThan(0)
    expect(await other.run(0)).toBe(0)
    expect(Number(await database.settings.get('mass_loss_since'))).toBe(since)
    // As if it had begun longer ago than the breaker holds: the next process ends them.
    await database.settings.set('mass_loss_since', String(since - 120_000))
    // One that was away for a while does not trust that.
    expect(await other.run(600_000)).toBe(0)
    await database.settings.set('mass_loss_since', String(since - 120_000))
    expect(await other.run(0)).toBeGreaterThanOrEqual(3)
    for (const { stage } of stages)
      expect((await database.stages.find(stage.id))?.error).toContain('worker lost')
    expect(await one.run(0)).toBe(0)
    expect(await database.settings.get('mass_loss_since')).toBe('0')
  })
})
