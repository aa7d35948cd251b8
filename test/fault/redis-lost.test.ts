import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectEveryStepOnce, submitWitnessed, witnessed, witnessOf } from '../harness/ledger.ts'
import { pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe.each([
  { database: 'sqlite', persistent: true },
  { database: 'postgres', persistent: false },
] as const)(
  'Redis (persistent: $persistent) under load on $database',
  ({ database, persistent }) => {
    let system: System
    beforeAll(async () => {
      system = await startSystem({
        database,
        apis: database === 'postgres' ? 2 : 1,
        workers: 2,
        timeScale: 0.1,
        redis: { persistent },
      })
    })
    afterAll(() => system?.stop())

    /** Submits builds, breaks something once some run and some wait, and demands that each step ran exactly once. */
    const underLoad = async (file: string, breakIt: () => Promise<void>) => {
      const numbers = await submitWitnessed(system, file, 12)
      await waitUntil('some to run', () => Object.keys(witnessOf(system, file).started).length >= 2)
      await breakIt()
      await expectEveryStepOnce(system, file, numbers)
    }

    it('is emptied, twice: every stage runs, none twice', async () => {
      await underLoad('flush', async () => {
        await system.redis.command('FLUSHALL')
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        await system.redis.command('FLUSHALL')
      })
    })

    it('is killed and comes back: every stage runs, none twice', async () => {
      await underLoad('restart', async () => {
        await system.redis.crash()
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        await system.redis.restart()
      })
    })

    it('is away: requests are answered, a running build ends', async () => {
      const { number } = await system.client.submit(
        pipelineText([{ name: 'one', commands: witnessed('away', 2) }]),
      )
      await waitUntil(
        'the step to run',
        () => Object.keys(witnessOf(system, 'away').started).length === 1,
      )
      await system.redis.crash()
      expect((await system.client.call('GET', '/api/repos/test/app/builds')).status).toBe(200)
      expect((await system.client.call('GET', '/readyz')).status).toBe(200)
      expect((await system.client.ended(number)).status).toBe('success')
      const text = (await system.client.log(number, 1, 1)).map((line) => line.out).join('')
      expect(text).toContain('sleep 2')
      await system.redis.restart()
    })
  },
)
