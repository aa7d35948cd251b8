import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  cancelBuild,
  finishStage,
  grantSteps,
  heartbeat,
  registerWorker,
} from '@waggle/control'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl({ database: 'postgres' })
})
afterAll(() => control.close())

const submit = async (...documents: readonly string[]) =>
  built(await control.submit(await control.repo(), manifest(...documents)))

// SQLite has one writer; here transactions truly meet, so what the locks are for shows only here.
describe('on PostgreSQL, where writers meet', () => {
  it('100 accepts have one winner', async () => {
    const { stage } = await submit(pipeline('a'))
    const worker = await control.worker()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        acceptStage(control.deps, worker, stage.id, { attempt: 1, requestId: randomUUID() }),
      ),
    )
    expect(answers.filter((answer) => answer.kind === 'accepted')).toHaveLength(1)
  })

  it('one request, sent 20 times at once, has one answer', async () => {
    const { stage } = await submit(pipeline('a'))
    const worker = await control.worker()
    const question = { attempt: 1, requestId: randomUUID() }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => acceptStage(control.deps, worker, stage.id, question)),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]?.kind).toBe('accepted')
  })

  it('20 deliveries with one key make one build, and numbers have no gap', async () => {
    const repo = await control.repo()
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        control.submit(repo, pipeline('a'), { deliveryKey: `key ${i % 2}` }),
      ),
    )
    const numbers = results.map((result) => built(result).build.number)
    expect(new Set(numbers)).toEqual(new Set([1, 2]))
    expect((await control.database.repos.find(repo.id))?.counter).toBe(2)
  })

  it('20 stages that end at once release the last one once', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`)
    const { stages, build } = await submit(
      ...names.map((name) => pipeline(name)),
      pipeline('last', ...names),
    )
    const first = stages.slice(0, 20)
    const leases = await Promise.all(first.map(({ id }) => runningLease(control, worker, id)))
    const ends = await Promise.all(leases.map((lease) => finishStage(deps, lease, passed)))
    expect(ends.every((end) => end.kind === 'ok')).toBe(true)
    const last = stages[20]?.id ?? 0
    expect(await database.stages.find(last)).toMatchObject({ status: 'pending' })
    await finishStage(deps, await runningLease(control, worker, last), passed)
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'success' })
  })

  it('a cancel that meets finish, grant and heartbeat leaves one end', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    for (let round = 0; round < 30; round++) {
      const { stage, build } = await submit(pipeline('a'), pipeline('b'))
      const lease = await runningLease(control, worker, stage.id)
      const refs = [{ stageId: stage.id, attempt: 1 }]
      const grants = [{ step: 2, try: 1 }]
      const [killed, finished] = await Promise.all([
        cancelBuild(deps, build, 'ann'),
        finishStage(deps, lease, passed),
        grantSteps(deps, lease, { updates: [], grants }),
        heartbeat(deps, worker, refs),
      ])
      expect(killed.isCancelled).toBe(true)
      const status = finished.kind === 'ok' ? 'success' : 'killed'
      expect((await database.stages.find(stage.id))?.status).toBe(status)
      expect((await database.builds.find(build.id))?.status).toBe('killed')
    }
  })

  it('a new boot that meets the finish of the old one leaves one end', async () => {
    const { deps, database } = control
    for (let round = 0; round < 20; round++) {
      const worker = await control.worker()
      const { stage } = await submit(pipeline('a'))
      const { stage: other } = await submit(pipeline('a'))
      const lease = await runningLease(control, worker, stage.id)
      await leaseOf(control, worker, other.id)
      const { id: workerId, name, version, slots } = worker
      const question = { workerId, name, version, slots, bootId: randomUUID(), profile: worker }
      const [, finished] = await Promise.all([
        registerWorker(deps, question),
        finishStage(deps, lease, passed),
      ])
      const status = finished.kind === 'ok' ? 'success' : 'error'
      expect(await database.stages.find(stage.id)).toMatchObject({ status, isHeld: false })
      expect(await database.stages.find(other.id)).toMatchObject({ status: 'pending', attempt: 1 })
    }
  })
})
