import type { Partition } from '@waggle/domain'
import type { WorkerView } from '../workers/list-workers.ts'
import { nearestWorkers } from './nearest-workers.ts'
import type { Serving } from './serving-workers.ts'
import type { NamedWorker, WaitReason } from './wait-reason.ts'

const mostNamed = 5

/** Why no worker will take stages of a partition; empty where one takes them. */
export const whyUnserved = (
  serving: Serving,
  views: readonly WorkerView[],
  partition: Partition,
): readonly WaitReason[] => {
  if (serving.taking.length > 0) return []
  if (serving.all.length === 0)
    return [{ code: 'no_worker', known: views.length, nearest: nearestWorkers(views, partition) }]
  const reasons: WaitReason[] = []
  const { drained, away } = serving
  if (drained.length > 0)
    reasons.push({ code: 'workers_drained', count: drained.length, workers: named(drained) })
  if (away.length > 0)
    reasons.push({ code: 'workers_away', count: away.length, workers: named(away) })
  return reasons
}

/** Those that were heard of last. */
const named = (views: readonly WorkerView[]): readonly NamedWorker[] =>
  views
    .map(({ worker: { id, name, lastSeenAt } }) => ({ id, name, lastSeenAt }))
    .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
    .slice(0, mostNamed)
