import { join } from 'node:path'
import { oneStep } from '../harness/pipeline-text.ts'
import { startSystem } from '../harness/start-system.ts'
import { type Figure, percentile } from './figures.ts'
import { readAttempts } from './read-attempts.ts'

/** From the commit of a build to its stage being accepted, one build at a time. The commit's own time is within it:
 *  the clock starts when the stage's row is made. */
export const measureDispatch = async (quick: boolean): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (const database of ['sqlite', 'postgres'] as const) {
    const system = await startSystem({
      database,
      workers: 1,
      workerMain: join(import.meta.dirname, 'bench-worker.ts'),
      logLevel: 'error',
    })
    try {
      for (let i = 0; i < (quick ? 50 : 300); i++) {
        const { number } = await system.client.submit(oneStep(['true']))
        await system.client.ended(number)
      }
      // The first ones warm the processes up.
      const waits = readAttempts(system)
        .slice(10)
        .map((row) => row.acceptedAt - row.createdAt)
      figures.push(
        {
          name: `dispatch, commit to accepted, p50 (${database})`,
          value: percentile(waits, 0.5),
          unit: 'ms',
          reach: { kind: 'max', value: 10 },
        },
        {
          name: `dispatch, commit to accepted, p99 (${database})`,
          value: percentile(waits, 0.99),
          unit: 'ms',
        },
      )
    } finally {
      await system.stop()
    }
  }
  return figures
}
