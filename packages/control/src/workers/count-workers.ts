import type { ControlDeps } from '../control-deps.ts'
import { listWorkers } from './list-workers.ts'
import { type WorkerState, workerStates } from './worker-state.ts'

export type WorkerCounts = Readonly<
  Record<WorkerState, { readonly count: number; readonly slots: number }>
>

/** How many workers are in each state, and how many slots they have. */
export const countWorkers = async (
  deps: Pick<ControlDeps, 'database' | 'timers'>,
): Promise<WorkerCounts> => {
  const { views } = await listWorkers(deps)
  const byState = Map.groupBy(views, ({ state }) => state)
  const counts = workerStates.map((state) => {
    const of = byState.get(state) ?? []
    return [
      state,
      { count: of.length, slots: of.reduce((sum, { worker }) => sum + worker.slots, 0) },
    ]
  })
  return Object.fromEntries(counts) as WorkerCounts
}
