import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { startSystem } from '../harness/start-system.ts'
import type { Figure } from './figures.ts'

/** Resident memory of an API process and a worker that have nothing to do. */
export const measureMemory = async (quick: boolean): Promise<readonly Figure[]> => {
  const system = await startSystem({ database: 'postgres', workers: 1, logLevel: 'error' })
  try {
    await delay(quick ? 2_000 : 8_000)
    const of = (pid: number | undefined) =>
      (Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024) /
      1_000_000
    return [
      {
        name: 'memory of an idle API process',
        value: of(system.apis[0]?.pid()),
        unit: 'MB',
        reach: { kind: 'max', value: 150 },
      },
      {
        name: 'memory of an idle worker',
        value: of(system.workers[0]?.pid()),
        unit: 'MB',
        reach: { kind: 'max', value: 150 },
      },
    ]
  } finally {
    await system.stop()
  }
}
