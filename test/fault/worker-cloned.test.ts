import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { witnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

// Reliability.md B.1, W16.
describe('a worker whose data folder was copied', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'sqlite', workers: 1, timeScale: 0.1 })
  })
  afterAll(() => system?.stop())

  const started = (file: string, number: number) =>
    waitUntil(
      'the step to run',
      () => witnessOf(system, file).started[`${number} default one`] === 1,
    )

  it('ends when the copy starts, and the copy works on undisturbed', async () => {
    const [older] = system.workers
    if (older === undefined) throw new Error('no worker')
    const lost = await system.client.submit(
      pipelineText([{ name: 'one', commands: witnessed('lost', 60) }]),
    )
    await started('lost', lost.number)
    cpSync(
      join(system.folder, 'worker-1', '1', 'worker-id'),
      join(system.folder, 'worker-2', '1', 'worker-id'),
    )
    const newer = await system.addWorker()
    const kept = await system.client.submit(
      pipelineText([{ name: 'one', commands: witnessed('kept', 3) }]),
    )
    await older.exited()
    expect(
      older.log().split('another process has started with the id of this worker'),
    ).toHaveLength(2)
    const ended = await system.client.ended(lost.number)
    expect(ended.stages?.[0]?.error).toMatch(/^worker lost \(/)
    await waitUntil(
      'what the older one ran to be gone',
      async () => (await leftoversOf(system, ended.stages?.[0]?.id)) === 0,
      30_000,
    )
    expect((await system.client.ended(kept.number)).status).toBe('success')
    expect(newer.log()).not.toContain('registering again')

    // A restart of the copy, also after a crash, is a worker like any other.
    await newer.kill()
    await newer.start()
    const next = await system.client.submit(pipelineText([{ name: 'one', commands: ['true'] }]))
    expect((await system.client.ended(next.number)).status).toBe('success')
  })
})
