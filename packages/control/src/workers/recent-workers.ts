import type { Database, Timers, WorkerRecord } from '@waggle/domain'

interface Recent {
  readonly workers: Promise<readonly WorkerRecord[]>
  readonly until: number
}

const recent = new WeakMap<Database, Recent>()

/** All workers, as they were at most a second ago (a fifth of a heartbeat, with timers scaled down). Reading a thousand
 *  rows is most of what explaining a wait costs, and whoever asks asks for several stages. */
export const recentWorkers = (
  database: Database,
  timers: Pick<Timers, 'heartbeatMs'>,
): Promise<readonly WorkerRecord[]> => {
  const known = recent.get(database)
  if (known && performance.now() < known.until) return known.workers
  const until = performance.now() + Math.min(1_000, timers.heartbeatMs / 5)
  const workers = database.workers.list()
  recent.set(database, { workers, until })
  // A failure is told to those who wait for it, and is not kept.
  workers.catch(() => recent.delete(database))
  return workers
}

/** A worker was registered, drained or removed by this process: read them again. */
export const forgetRecentWorkers = (database: Database): void => {
  recent.delete(database)
}
