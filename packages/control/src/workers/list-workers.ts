import type { WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { recentWorkers } from './recent-workers.ts'
import { type WorkerState, workerState } from './worker-state.ts'

/** A worker as it is now. */
export interface WorkerView {
  readonly worker: WorkerRecord
  readonly state: WorkerState
  /** Attempts that it holds: each takes a slot until its clean-up is done. */
  readonly running: number
}

export interface WorkerViews {
  /** Database clock. */
  readonly nowMs: number
  readonly views: readonly WorkerView[]
}

/** All workers that ever registered and were not removed, by name. `isRecent`: what is known of them may be from a
 *  second ago; what they hold is from now all the same. */
export const listWorkers = async (
  { database, timers }: Pick<ControlDeps, 'database' | 'timers'>,
  { isRecent = false }: { readonly isRecent?: boolean } = {},
): Promise<WorkerViews> => {
  const [nowMs, workers, open] = await Promise.all([
    database.now(),
    isRecent ? recentWorkers(database, timers) : database.workers.list(),
    database.attempts.countOpenByWorker(),
  ])
  const views = workers.map((worker): WorkerView => {
    const running = open.get(worker.id) ?? 0
    return { worker, running, state: workerState(worker, running, nowMs, timers) }
  })
  return { nowMs, views }
}
