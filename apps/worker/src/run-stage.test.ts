import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  conflict,
  type Given,
  internal,
  type LiveLog,
  silentLogger,
  systemClock,
} from '@waggle/domain'
import { createNoopEngine, FakeEngine, makeSpec, waitUntil } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { HeldStages } from './held-stages.ts'
import { Lease } from './lease.ts'
import { type RunStageDeps, runStage, timeLeft } from './run-stage.ts'
import type { WorkerApi } from './worker-api.ts'

/** A stage without steps: only what is told about it, and when, matters here. */
const given = {
  attempt: 1,
  repo: { slug: 'acme/app', timeoutMinutes: 60 },
  build: { id: 1, number: 1 },
  stage: { id: 7, name: 'default' },
} as unknown as Given

const prepare = (api: Partial<WorkerApi>, destroy = async () => undefined) => {
  const told: string[] = []
  const note = (name: string) => async () => {
    told.push(name)
  }
  const held = new HeldStages()
  const lease = new Lease({ stageId: 7, attempt: 1 }, 'token')
  held.add(lease)
  const all = ['start', 'finish', 'release', 'acknowledge'].map((name) => [name, note(name)])
  const deps: RunStageDeps = {
    api: { ...(Object.fromEntries(all) as unknown as WorkerApi), ...api },
    held,
    liveLog: {} as LiveLog,
    engine: { ...createNoopEngine(), destroy },
    compile: () => ({ kind: 'spec', spec: makeSpec([]), warnings: [] }),
    killGraceMs: 10,
    clock: systemClock,
    log: silentLogger,
  }
  return { told, held, lease, deps }
}

describe('runStage', () => {
  it('keeps its slot until the clean-up is done, but asks for no renewal of what it finished', async () => {
    const cleaning = Promise.withResolvers<undefined>()
    const { told, held, lease, deps } = prepare({}, () => cleaning.promise)
    const running = runStage(deps, lease, given)
    await waitUntil('the end to be told', () => told.includes('finish'))
    await waitUntil('no heartbeat to name it', () => held.refs().length === 0)
    // The answer to a heartbeat that was sent before.
    lease.lose()
    expect([lease.state, held.count]).toEqual(['released', 1])
    cleaning.resolve(undefined)
    await running
    expect([told, held.count]).toEqual([['start', 'finish'], 0])
  })

  it('cleans up also where the API does not take its end', async () => {
    let destroyed = 0
    const refuse = async () => {
      throw internal('rpc_refused', 'the API answered 400')
    }
    const { held, lease, deps } = prepare({ finish: refuse }, async () => {
      destroyed++
      return undefined
    })
    await runStage(deps, lease, given)
    expect([destroyed, held.count]).toEqual([1, 0])
  })

  it('acknowledges a cancel that it only hears of when it gives the stage back', async () => {
    const { told, lease, deps } = prepare({
      release: async () => {
        throw conflict('cancelled', 'the attempt was cancelled')
      },
    })
    lease.stop()
    await runStage(deps, lease, given)
    expect(told).toEqual(['acknowledge'])
  })

  it('F64 brings the card of a step, and goes on without one that is not taken', async () => {
    const block = Buffer.from('{"schema":"https://x/s","data":{"a":"hunter2"}}').toString('base64')
    const output = [`\x1b]1338;${block}\x1b]0m`]
    const cards: unknown[] = []
    const { told, lease, deps } = prepare({
      grant: async () => undefined,
      card: async (_lease, key, card) => {
        cards.push([key.step, card])
        throw internal('rpc_refused', 'the API answered 400')
      },
    })
    const spec = makeSpec([{ name: 'a' }, { name: 'b' }], { masks: ['hunter2'], isSerial: true })
    const engine = new FakeEngine({ a: { output }, b: {} })
    const testdata = '../../../packages/engine-docker/testdata/given.json'
    const full = JSON.parse(readFileSync(join(import.meta.dirname, testdata), 'utf8')) as Given
    await runStage(
      { ...deps, engine, compile: () => ({ kind: 'spec', spec, warnings: [] }) },
      lease,
      full,
    )
    expect(cards).toEqual([[1, { schema: 'https://x/s', data: '{"a":"******"}' }]])
    expect(engine.events).toContain('end b')
    expect(told).toEqual(['start', 'finish'])
  })
})

it.each([
  [0, 3_600_000],
  [1_500, 3_598_500],
  [3_600_000, 1],
  [9_000_000, 1],
])('of the time of a stage, what was spent before its steps is taken off: %s ms', (spent, left) => {
  expect(timeLeft(given, spent)).toBe(left)
})
