import { join } from 'node:path'
import { waitUntil } from '@waggle/testkit'
import { oneStep } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { startSystem } from '../harness/start-system.ts'
import type { Figure } from './figures.ts'
import { readAttempts } from './read-attempts.ts'

/** Stages a second through workers whose engine costs nothing, in builds of two stages. The first two fifths
 *  warm the processes up (each compiles its hot code anew): what counts is from there to the last end. */
export const measureStages = async (quick: boolean): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  const builds = quick ? 300 : 2_500
  const perBuild = 2
  for (const database of ['sqlite', 'postgres'] as const)
    for (const workers of [1, 4]) {
      const system = await startSystem({
        database,
        workers,
        workerMain: join(import.meta.dirname, 'bench-worker.ts'),
        worker: { WAGGLE_WORKER_SLOTS: '4' },
        logLevel: 'error',
      })
      try {
        // Held back until all are there, so that submitting is not measured.
        await system.client.call('DELETE', '/api/queue')
        const text = Array.from({ length: perBuild }, (_, i) =>
          oneStep(['true'], { name: `s${i}` }),
        ).join('---\n')
        const numbers: number[] = []
        for (let i = 0; i < builds; i++) numbers.push((await system.client.submit(text)).number)
        await system.client.call('POST', '/api/queue')
        await waitUntil(
          'the stages to end',
          () => {
            // Counted, not read: what watches must not take the time of what is watched.
            const query = 'SELECT count(*) FROM stages WHERE stopped_at > 0'
            return Number(queryDatabase(system, query)[0]?.[0]) >= builds * perBuild
          },
          240_000,
          1_000,
        )
        const rows = readAttempts(system).toSorted((a, b) => a.acceptedAt - b.acceptedAt)
        const counted = rows.slice(Math.floor((rows.length * 2) / 5))
        const first = counted[0]?.acceptedAt ?? 0
        const last = Math.max(...counted.map((row) => row.stoppedAt))
        const reach = database === 'sqlite' ? 300 : 150
        figures.push({
          name: `stages through ${workers} no-op worker${workers > 1 ? 's' : ''} (${database})`,
          value: counted.length / ((last - first) / 1_000),
          unit: 'stages/s',
          ...(workers === 4 ? { reach: { kind: 'min' as const, value: reach } } : {}),
        })
      } finally {
        await system.stop()
      }
    }
  return figures
}
