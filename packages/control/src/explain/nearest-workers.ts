import { type Partition, whatDiffers, whichDiffer } from '@waggle/domain'
import type { WorkerView } from '../workers/list-workers.ts'
import type { NearWorker } from './wait-reason.ts'

const mostNearest = 3

// A different kind of worker is further away than one whose label could be changed.
const weights = { kind: 128, type: 64, os: 32, arch: 16, kernel: 8, variant: 4, labels: 2 } as const

/** The workers that come nearest to serving the partition, with what differs; live ones first among equals. One pass:
 *  of the others only their distance is ever known. */
export const nearestWorkers = (
  views: readonly WorkerView[],
  partition: Partition,
): readonly NearWorker[] => {
  const nearest: { readonly view: WorkerView; readonly distance: number }[] = []
  for (const view of views) {
    const distance = distanceOf(view, partition)
    const last = nearest.at(-1)
    if (last && nearest.length === mostNearest && distance >= last.distance) continue
    const after = nearest.findIndex((other) => other.distance > distance)
    nearest.splice(after < 0 ? nearest.length : after, 0, { view, distance })
    if (nearest.length > mostNearest) nearest.pop()
  }
  return nearest.map(({ view: { worker, state } }) => ({
    id: worker.id,
    name: worker.name,
    state,
    differs: whatDiffers(worker, partition),
  }))
}

const distanceOf = ({ worker, state }: WorkerView, partition: Partition): number => {
  let distance = state === 'gone' || state === 'silent' ? 1 : 0
  for (const attribute of whichDiffer(worker, partition)) distance += weights[attribute]
  return distance
}
