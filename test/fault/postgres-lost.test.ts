import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectEveryStepOnce, submitWitnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe('PostgreSQL under load', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ database: 'postgres', apis: 2, workers: 2, timeScale: 0.1 })
  })
  afterAll(() => system?.stop())

  const load = async (file: string) => {
    const numbers = await submitWitnessed(system, file, 8)
    await waitUntil('some to run', () => Object.keys(witnessOf(system, file).started).length >= 2)
    return numbers
  }

  const pids = () => [...system.apis, ...system.workers].map((app) => app.pid())

  it('restarts at once: no process dies, every stage runs, none twice', async () => {
    const before = pids()
    const numbers = await load('restart')
    await system.postgres?.crash()
    await system.postgres?.restart()
    await expectEveryStepOnce(system, 'restart', numbers)
    expect(pids()).toEqual(before)
  })

  it('is away for a while: requests get 503, no process dies, every stage runs, none twice', async () => {
    const before = pids()
    const numbers = await load('away')
    await system.postgres?.crash()
    const ready = await fetch(`${system.client.server}/readyz`)
    expect(ready.status).toBe(503)
    const submitted = await system.client.call('POST', '/api/builds', {
      repository: 'test/app',
      pipeline: pipelineText([]),
    })
    expect(submitted.status).toBe(503)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    await system.postgres?.restart()
    await expectEveryStepOnce(system, 'away', numbers)
    expect(pids()).toEqual(before)
  })
})
