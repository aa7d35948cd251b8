import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { witnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe('a worker that stands still', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({
      database: 'sqlite',
      workers: 2,
      timeScale: 0.1,
      worker: { WAGGLE_WORKER_SLOTS: '1' },
    })
  })
  afterAll(() => system?.stop())

  /** The worker whose container has noted its start in the ledger: a grant alone would be too early. */
  const running = async (file: string, number: number) => {
    await waitUntil(
      'the step to run',
      () => witnessOf(system, file).started[`${number} default one`] === 1,
    )
    const build = await system.client.build(number)
    const worker = system.workers.find((one) => one.name === build.stages?.[0]?.machine)
    if (worker === undefined) throw new Error('no worker holds the stage')
    return worker
  }

  it('for less than its lease: nothing happens, the stage ends as if nothing was', async () => {
    const { number } = await system.client.submit(
      pipelineText([{ name: 'one', commands: witnessed('short', 4) }]),
    )
    const worker = await running('short', number)
    worker.signal('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    worker.signal('SIGCONT')
    expect((await system.client.ended(number)).status).toBe('success')
    expect(witnessOf(system, 'short')).toEqual({
      started: { [`${number} default one`]: 1 },
      ended: { [`${number} default one`]: 1 },
    })
  })

  it('past its lease: the stage ends in worker lost, and the woken worker changes nothing', async () => {
    const { number } = await system.client.submit(
      pipelineText([
        { name: 'one', commands: witnessed('long', 40) },
        { name: 'two', commands: witnessed('long', 0) },
      ]),
    )
    const worker = await running('long', number)
    worker.signal('SIGSTOP')
    const build = await system.client.ended(number, 60_000)
    expect(build.stages?.[0]?.status).toBe('error')
    expect(build.stages?.[0]?.error).toMatch(/^worker lost \(/)
    const before = await system.client.build(number)
    worker.signal('SIGCONT')
    await waitUntil(
      'the worker to clean up',
      async () => (await leftoversOf(system, build.stages?.[0]?.id)) === 0,
      30_000,
    )
    expect(await system.client.build(number)).toEqual(before)
    expect(witnessOf(system, 'long')).toEqual({
      started: { [`${number} default one`]: 1 },
      ended: {},
    })
    // It is a worker like any other again.
    const next = await system.client.submit(pipelineText([{ name: 'one', commands: ['true'] }]))
    expect((await system.client.ended(next.number)).status).toBe('success')
  })
})
