import { randomUUID } from 'node:crypto'
import { acceptReply, workerPaths } from '@waggle/contract'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { type HandWorker, registerByHand } from '../harness/hand-worker.ts'
import { expectEveryStepOnce, submitWitnessed, witnessed, witnessOf } from '../harness/ledger.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { readLedger, type System, startSystem, workerSecret } from '../harness/start-system.ts'

const platform = { os: 'linux', arch: 'amd64' }

describe('point 6: the hand-over', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'postgres', apis: 2, workers: 2, timeScale: 0.5 })
  })
  afterAll(() => system?.stop())

  /** A worker by hand, at one of the API processes. */
  const byHand = (label: string, api = 0) =>
    registerByHand(system.apis[api]?.url ?? '', workerSecret, label)

  const submitFor = async (label: string) => {
    const text = oneStep(['true'], { node: { only: label }, platform })
    const { number, stages } = await system.client.submit(text)
    return { number, stageId: stages?.[0]?.id ?? 0 }
  }

  const accept = (worker: HandWorker, stageId: number, requestId: string = randomUUID()) =>
    worker.rpc(workerPaths.accept(stageId), { attempt: 1, requestId })

  const attemptsOf = (stageId: number | undefined) =>
    queryDatabase(
      system,
      `select number, state, "end" from attempts where stage_id = ${stageId} order by 1`,
    )

  it('runs every stage once, though all offers are lost and made again while they run', async () => {
    const numbers = await submitWitnessed(system, 'once', 10)
    await waitUntil('some to run', () => Object.keys(witnessOf(system, 'once').started).length >= 2)
    await system.redis.command('FLUSHALL')
    await expectEveryStepOnce(system, 'once', numbers)
  })

  it('offers again what Redis lost, also what no worker serves yet', async () => {
    const text = oneStep(['true'], { node: { later: 'yes' } })
    const { number, stages } = await system.client.submit(text)
    await system.redis.command('FLUSHALL')
    const worker = await system.addWorker({ WAGGLE_WORKER_LABELS: 'later:yes' })
    expect((await system.client.ended(number)).status).toBe('success')
    expect(attemptsOf(stages?.[0]?.id)).toEqual([['1', 'ended', 'finished']])
    await worker.stop()
  })

  it('accepts once: one of ten that ask at two API processes gets the lease', async () => {
    const { number, stageId } = await submitFor('race')
    const workers = await Promise.all(Array.from({ length: 10 }, (_, i) => byHand('race', i % 2)))
    const answers = await Promise.all(workers.map((worker) => accept(worker, stageId)))
    expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([
      200,
      ...Array(9).fill(409),
    ])
    expect(attemptsOf(stageId)).toEqual([['1', 'leased', '']])
    // Accepted is a lease on a pending stage, not a status.
    expect((await system.client.build(number)).stages?.[0]?.status).toBe('pending')
    await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
  })

  it('answers the same accept the same, at any API process', async () => {
    const { number, stageId } = await submitFor('again')
    const worker = await byHand('again')
    const requestId = randomUUID()
    const first = await accept(worker, stageId, requestId)
    expect(first.status).toBe(200)
    expect((await accept(worker, stageId, requestId)).text).toBe(first.text)
    expect((await accept(worker, stageId)).status).toBe(409)
    await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
  })

  it('refuses every call of a stale attempt or token with 409, and changes nothing', async () => {
    const { number, stageId } = await submitFor('stale')
    const holder = await byHand('stale')
    const thief = await byHand('stale', 1)
    const { leaseToken } = acceptReply.parse((await accept(holder, stageId)).json())
    const rows = () =>
      queryDatabase(system, `select status, attempt, version from stages where id = ${stageId}`)
    const before = rows()
    const step = { number: 1, name: 'only', image: 'x', errIgnore: false, detached: false }
    const calls: readonly (readonly [string, Record<string, unknown>])[] = [
      [workerPaths.start(stageId), { steps: [{ ...step, dependsOn: [] }], grants: [] }],
      [workerPaths.grant(stageId), { updates: [], grants: [{ step: 1, try: 1 }] }],
      [workerPaths.report(stageId), { updates: [] }],
      [workerPaths.finish(stageId), { status: 'success', exitCode: 0, error: '', updates: [] }],
      [workerPaths.release(stageId), { reason: 'no' }],
    ]
    for (const [path, body] of calls) {
      // A slow machine may take longer than an unrenewed lease lasts.
      const named = { attempts: [{ stageId, attempt: 1 }] }
      expect((await holder.rpc(workerPaths.heartbeat, named)).status).toBe(200)
      for (const [worker, attempt, token] of [
        [thief, 1, leaseToken],
        [holder, 1, 'another'],
        [holder, 0, leaseToken],
      ] as const) {
        const answer = await worker.rpc(path, { ...body, attempt }, token)
        expect([path, answer.status, answer.json<{ code: string }>().code]).toEqual([
          path,
          409,
          'lease_lost',
        ])
      }
    }
    expect(rows()).toEqual(before)
    await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
  })

  it('renews by one heartbeat the attempts that it names, and takes back the others', async () => {
    const [kept, left] = [await submitFor('beat'), await submitFor('beat')]
    const worker = await byHand('beat')
    for (const { stageId } of [kept, left]) expect((await accept(worker, stageId)).status).toBe(200)
    await waitUntil('the one that is not named to be taken back', async () => {
      const named = { attempts: [{ stageId: kept.stageId, attempt: 1 }] }
      expect((await worker.rpc(workerPaths.heartbeat, named)).status).toBe(200)
      return attemptsOf(left.stageId)[0]?.[2] === 'requeued'
    })
    expect(attemptsOf(kept.stageId)).toEqual([['1', 'leased', '']])
    for (const { number } of [kept, left])
      await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
  })

  it('grants a step in SQL before its container starts', async () => {
    const worker = await system.addWorker({
      WAGGLE_WORKER_LABELS: 'only:grant',
      WAGGLE_FAILPOINTS: 'step.granted=kill',
    })
    const { number, stages } = await system.client.submit(
      pipelineText([{ name: 'only', commands: witnessed('grant', 0) }], {
        node: { only: 'grant' },
      }),
    )
    await worker.exited()
    const granted = `select granted_try from steps where stage_id = ${stages?.[0]?.id}`
    expect(queryDatabase(system, granted)).toEqual([['1']])
    expect(readLedger(system, 'grant')).toEqual([])
    // Whether it ran cannot be known from outside, so it never runs again: it is told.
    await worker.start({ WAGGLE_FAILPOINTS: '' })
    const build = await system.client.ended(number)
    expect(build.stages?.[0]?.error).toMatch(/^worker lost \(/)
    expect(readLedger(system, 'grant')).toEqual([])
    await worker.stop()
  })

  it('cancels by a row first: also without Redis the worker hears of it', async () => {
    const { number, stages } = await system.client.submit(
      pipelineText([{ name: 'only', commands: ['echo begun >> /ledger/cancel', 'sleep 300'] }]),
    )
    await waitUntil('the step to run', () => readLedger(system, 'cancel').length === 1)
    await system.redis.crash()
    const answer = await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
    expect(answer.status).toBe(200)
    expect((await system.clientOf(1).build(number)).status).toBe('killed')
    await waitUntil('the container to go', async () => {
      const left = await leftoversOf(system, stages?.[0]?.id)
      return left === 0
    })
    await system.redis.restart()
    await waitUntil(
      'the acknowledgement',
      () => attemptsOf(stages?.[0]?.id)[0]?.[2] === 'cancelled',
    )
  })
})
