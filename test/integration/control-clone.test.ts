import { randomUUID } from 'node:crypto'
import {
  archiveSegment,
  finishStage,
  grantSteps,
  registerWorker,
  releaseStage,
  sealLog,
  startStage,
} from '@waggle/control'
import {
  type Lease,
  LineBlockWriter,
  type LogKey,
  type Stage,
  type WorkerRecord,
} from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, twoSteps } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

const ok = { kind: 'ok' }
const clone = { step: 1, try: 1, isImplicit: true }
const log = { step: 1, try: 1 }
const seal = { lines: 1, bytes: 8, crc32: 0, gap: '' }
const line = () => {
  const writer = new LineBlockWriter()
  writer.add(0, 0, Buffer.from('cloning\n'))
  return writer.take()
}

describe.each(['sqlite', 'postgres'] as const)('the implicit clone, on %s', (database) => {
  let control: TestControl
  let worker: WorkerRecord
  beforeAll(async () => {
    control = await openControl({ database })
    worker = await control.worker()
  })
  afterAll(() => control?.close())

  /** A stage whose first step, as the clone, was granted and wrote a line. */
  const cloning = async (): Promise<{ stage: Stage; lease: Lease; key: LogKey }> => {
    const { deps } = control
    const { stage } = built(await control.submit(await control.repo(), pipeline('a')))
    const lease = await leaseOf(control, worker, stage.id)
    expect(await startStage(deps, lease, { steps: twoSteps, grants: [clone] })).toEqual(ok)
    const key = { stageId: stage.id, attempt: 1, ...log }
    expect(await deps.liveLog.append(key, line())).toBe(true)
    return { stage, lease, key }
  }

  const stateOf = async (stage: Stage, attempt: number) =>
    (await control.database.attempts.find(stage.id, attempt))?.state

  it('is no grant: it runs, writes and ends, and only the next step counts', async () => {
    const { deps } = control
    const { stage, lease } = await cloning()
    expect(await stateOf(stage, 1)).toBe('leased')
    expect(await archiveSegment(deps, lease, log, line())).toEqual({ kind: 'ok', next: 1 })
    expect(await sealLog(deps, lease, { ...log, seal })).toEqual(ok)
    const updates = [{ number: 1, status: 'success', exitCode: 0, error: '' }] as const
    expect(await grantSteps(deps, lease, { updates, grants: [] })).toEqual(ok)
    expect(await stateOf(stage, 1)).toBe('leased')
    const grants = [{ step: 2, try: 1 }]
    expect(await grantSteps(deps, lease, { updates: [], grants })).toEqual(ok)
    expect(await stateOf(stage, 1)).toBe('granted')
    expect(await finishStage(deps, lease, passed)).toEqual(ok)
    expect(await control.database.stages.find(stage.id)).toMatchObject({ status: 'success' })
  })

  it('may be all that ran when the stage ends', async () => {
    const { stage, lease } = await cloning()
    const result = {
      status: 'failure',
      exitCode: 128,
      error: '',
      updates: [
        { number: 1, status: 'failure', exitCode: 128, error: '' },
        { number: 2, status: 'skipped', exitCode: 0, error: '' },
      ],
    } as const
    expect(await finishStage(control.deps, lease, result)).toEqual(ok)
    expect(await control.database.stages.find(stage.id)).toMatchObject({ status: 'failure' })
  })

  it('is passed over by a release: its step goes, with what it wrote', async () => {
    const { deps, database } = control
    const { stage, lease, key } = await cloning()
    await archiveSegment(deps, lease, log, line())
    await sealLog(deps, lease, { ...log, seal })
    expect(await releaseStage(deps, lease, 'draining')).toEqual(ok)
    expect(await database.stages.find(stage.id)).toMatchObject({ status: 'pending', attempt: 1 })
    expect(await database.steps.listByStage(stage.id)).toEqual([])
    expect(await database.logs.findSeal(key)).toBeNull()
    expect(await database.logs.next(key)).toBe(0)
    expect(await deps.liveLog.append(key, line())).toBe(false)
  })

  it('runs again where its worker was lost', async () => {
    const { deps, database } = control
    const { stage, key } = await cloning()
    const { id: workerId, name, version, slots } = worker
    const bootId = randomUUID()
    await registerWorker(deps, { workerId, bootId, name, version, slots, profile: worker })
    expect(await database.attempts.find(stage.id, 1)).toMatchObject({ end: 'requeued' })
    expect(await database.stages.find(stage.id)).toMatchObject({ status: 'pending', startedAt: 0 })
    expect(await deps.liveLog.append(key, line())).toBe(false)
    worker = (await database.workers.find(worker.id)) ?? worker
    const lease = await leaseOf(control, worker, stage.id)
    expect(lease.attempt).toBe(2)
    expect(await startStage(deps, lease, { steps: twoSteps, grants: [clone] })).toEqual(ok)
    expect(await deps.liveLog.append({ ...key, attempt: 2 }, line())).toBe(true)
  })

  it('is the first step: no other passes for it', async () => {
    const { deps } = control
    const { stage, lease } = await cloning()
    const grants = [{ step: 2, try: 1, isImplicit: true }]
    expect(await grantSteps(deps, lease, { updates: [], grants })).toEqual(ok)
    expect(await stateOf(stage, 1)).toBe('granted')
    await expect(releaseStage(deps, lease, 'late')).rejects.toMatchObject({ code: 'granted' })
  })
})
