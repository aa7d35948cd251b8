import { canServe, type Partition } from '@waggle/domain'
import type { WorkerView } from '../workers/list-workers.ts'

/** The workers that could serve a partition, by what they do now. */
export interface Serving {
  readonly all: readonly WorkerView[]
  /** They take stages. */
  readonly taking: readonly WorkerView[]
  readonly drained: readonly WorkerView[]
  /** Nothing is heard of them. */
  readonly away: readonly WorkerView[]
  /** Slots of those that take stages. */
  readonly slots: number
  readonly busy: number
}

/** By the rule that dispatch and accept use: `canServe`. */
export const servingWorkers = (views: readonly WorkerView[], partition: Partition): Serving => {
  const all = views.filter(({ worker }) => canServe(worker, partition))
  const taking = all.filter(({ state }) => state === 'idle' || state === 'busy')
  return {
    all,
    taking,
    drained: all.filter(({ state }) => state === 'draining' || state === 'drained'),
    away: all.filter(({ state }) => state === 'silent' || state === 'gone'),
    slots: taking.reduce((sum, { worker }) => sum + worker.slots, 0),
    busy: taking.reduce((sum, { worker, running }) => sum + Math.min(running, worker.slots), 0),
  }
}
