import { isDone, type Partition, partitionName, partitionOf, type Stage } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { listWorkers } from '../workers/list-workers.ts'
import { sayReason } from './say-reason.ts'
import { servingWorkers } from './serving-workers.ts'
import { whyUnserved } from './why-unserved.ts'

/** Something that keeps a stage from running until somebody mends it. No worker is named: whoever may read the build
 *  reads this. */
export interface BuildWarning {
  readonly code: 'no_worker' | 'workers_away' | 'workers_drained'
  /** Numbers of the stages that it is about. */
  readonly stages: readonly number[]
  readonly message: string
}

/** A stage, or one that is about to be made. */
type WantedStage = Pick<Stage, 'number' | 'name' | keyof Partition> &
  Partial<Pick<Stage, 'status' | 'isHeld'>>

const mostStages = 100

/** A warning for each partition of these stages that no worker takes stages of, by the same rule as accept. A stage
 *  that is over, or that a worker has, needs none. */
export const warnUnserved = async (
  deps: Pick<ControlDeps, 'database' | 'timers'>,
  stages: readonly WantedStage[],
): Promise<readonly BuildWarning[]> => {
  const open = stages.filter(({ status, isHeld }) => !isHeld && (!status || !isDone(status)))
  if (open.length === 0) return []
  const { nowMs, views } = await listWorkers(deps, { isRecent: true })
  const warnings: BuildWarning[] = []
  for (const group of Map.groupBy(open, (stage) => partitionName(partitionOf(stage))).values()) {
    const [first] = group
    if (first === undefined) continue
    const partition = partitionOf(first)
    const [reason] = whyUnserved(servingWorkers(views, partition), views, partition)
    if (reason === undefined) continue
    const { code } = reason
    if (code !== 'no_worker' && code !== 'workers_away' && code !== 'workers_drained') continue
    const names = group.slice(0, 5).map(({ name }) => name || 'default')
    const more = group.length > names.length ? ` and ${group.length - names.length} more` : ''
    warnings.push({
      code,
      stages: group.slice(0, mostStages).map(({ number }) => number),
      message: `${names.join(', ')}${more}: ${sayReason(reason, { nowMs, stage: first, isNaming: false })}`,
    })
  }
  return warnings
}
