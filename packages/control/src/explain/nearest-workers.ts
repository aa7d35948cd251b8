import type { Partition } from '@waggle/domain'
import { whatDiffers } from '@waggle/domain'
import type { WorkerView } from '../workers/list-workers.ts'
import type { NearWorker } from './wait-reason.ts'

const mostNearest = 3

// A different kind of worker is further away than one whose label could be changed.
const weights = { kind: 64, type: 32, os: 16, arch: 8, kernel: 4, variant: 2, labels: 1 } as const

/** The workers that come nearest to serving the partition, with what differs; live ones first among equals. */
export const nearestWorkers = (
  views: readonly WorkerView[],
  partition: Partition,
): readonly NearWorker[] =>
  views
    .map(({ worker, state }) => {
      const differs = whatDiffers(worker, partition)
      const distance = differs.reduce((sum, { attribute }) => sum + weights[attribute], 0)
      const isAway = state === 'gone' || state === 'silent'
      return { near: { id: worker.id, name: worker.name, state, differs }, distance, isAway }
    })
    .toSorted((a, b) => a.distance - b.distance || Number(a.isAway) - Number(b.isAway))
    .slice(0, mostNearest)
    .map(({ near }) => near)
