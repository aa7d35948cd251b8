import type { Stage, Stores } from '@waggle/domain'
import { type Hold, hasLimits, whyHeld } from './why-held.ts'

/** What holds this pending stage back, looked up in SQL. As many others are named as decide, and up to
 *  `shown` where that is more. Under the lock of the repository's limits it decides; without, it explains. */
export const findHolds = async (
  stores: Pick<Stores, 'limits'>,
  stage: Pick<Stage, 'id' | 'repoId' | 'name' | 'limit' | 'throttle'>,
  queue: { readonly isQueuePaused: boolean; readonly shown?: number } = { isQueuePaused: false },
): Promise<readonly Hold[]> => {
  if (!hasLimits(stage)) return whyHeld(stage, [], queue)
  const most = Math.max(stage.limit, stage.throttle, queue.shown ?? fewest)
  return whyHeld(stage, await stores.limits.neighbours(stage, most), queue)
}

const fewest = 1
