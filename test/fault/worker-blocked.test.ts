import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftoversOf } from '../harness/engine-leftovers.ts'
import { witnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe('a worker whose event loop is blocked', () => {
  let system: System
  beforeAll(async () => {
    // A heartbeat each second, disconnected after 3, lost after 18; nothing is renewed for a loop of 12 seconds.
    system = await startSystem({ database: 'sqlite', workers: 0, timeScale: 0.2 })
  })
  afterAll(() => system?.stop())

  const wasHit = (phase: string): boolean => {
    try {
      return readFileSync(join(system.folder, `hits-${phase}`), 'utf8') !== ''
    } catch {
      return false
    }
  }

  const lastSeen = async (name: string): Promise<number> => {
    const answer = await system.client.call('GET', '/api/workers')
    const found = answer
      .json<readonly { name: string; last_seen: number }[]>()
      .find((one) => one.name === name)
    if (found === undefined) throw new Error(`no worker ${name}`)
    return found.last_seen
  }

  /** A worker that blocks at that point, and a second one, on its way, that would take what the first loses before a
   *  grant. */
  const submit = async (phase: string, blockMs: number, seconds: number) => {
    const labels = { WAGGLE_WORKER_LABELS: `phase:${phase}` }
    const worker = await system.addWorker({
      ...labels,
      WAGGLE_FAILPOINTS: `${phase}=block:${blockMs}`,
      WAGGLE_FAILPOINT_LOG: join(system.folder, `hits-${phase}`),
    })
    const { number } = await system.client.submit(
      pipelineText([{ name: 'one', commands: witnessed(phase, seconds) }], { node: { phase } }),
    )
    await waitUntil('the block', () => wasHit(phase))
    const seen = await lastSeen(worker.name)
    return { number, worker, seen, other: system.addWorker(labels) }
  }

  it('for longer than its lease: it is heard of all the same, and the stage ends as if nothing was', async () => {
    const { number, worker, seen, other } = await submit('worker.loop', 20_000, 1)
    // Whole seconds; twice the time after which a worker is disconnected.
    await waitUntil(
      'heartbeats during the block',
      async () => (await lastSeen(worker.name)) >= seen + 6,
    )
    await expect(
      fetch(`${worker.url}/healthz`, { signal: AbortSignal.timeout(500) }),
    ).rejects.toThrow()
    const build = await system.client.ended(number)
    expect(build.status).toBe('success')
    expect(build.stages?.[0]?.machine).toBe(worker.name)
    expect(witnessOf(system, 'worker.loop')).toEqual({
      started: { [`${number} default one`]: 1 },
      ended: { [`${number} default one`]: 1 },
    })
    await Promise.all([worker.stop(), (await other).stop()])
  })

  it('for ever: nothing renews its lease any more, and the stage ends in worker lost', async () => {
    const { number, worker, other } = await submit('step.running', 3_600_000, 3_600)
    await other
    const build = await system.client.ended(number)
    expect(build.stages?.[0]?.status).toBe('error')
    expect(build.stages?.[0]?.error).toMatch(/^worker lost \(/)
    await worker.kill()
    await worker.start({ WAGGLE_FAILPOINTS: '' })
    await waitUntil(
      'the worker to clean up',
      async () => (await leftoversOf(system, build.stages?.[0]?.id)) === 0,
      60_000,
    )
  })
})
