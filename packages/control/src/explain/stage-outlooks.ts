import type { Stage } from '@waggle/domain'
import { listWorkers } from '../workers/list-workers.ts'
import type { ExplainDeps } from './explain-deps.ts'
import { explainWait } from './explain-wait.ts'
import type { WaitReport } from './wait-reason.ts'

/** What a list shows of a stage that is not over. */
export type StageOutlook = Pick<WaitReport, 'position' | 'startsIn' | 'endsIn' | 'nowMs'>

const atOnce = 3

/** Position and likely times of the first `most` stages that are accepted, run, or wait for a worker; the others are
 *  left out. */
export const stageOutlooks = async (
  deps: ExplainDeps,
  stages: readonly Stage[],
  most: number,
): Promise<ReadonlyMap<number, StageOutlook>> => {
  const open = stages.filter(({ status }) => status === 'pending' || status === 'running')
  const outlooks = new Map<number, StageOutlook>()
  if (open.length === 0) return outlooks
  const known = await listWorkers(deps, { isRecent: true })
  const shown = open.slice(0, most)
  // Side by side, but one caller must not hold every connection of the pool.
  for (let at = 0; at < shown.length; at += atOnce)
    await Promise.all(
      shown.slice(at, at + atOnce).map(async (stage) => {
        outlooks.set(stage.id, await explainWait(deps, stage, known))
      }),
    )
  return outlooks
}
