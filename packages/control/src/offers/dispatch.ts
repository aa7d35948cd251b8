import { type PublishedOffer, partitionOf, type Stage } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { isPaused } from '../decisions/is-paused.ts'

/** Publishes the offers of those stages that may run now; gives how many. Publishing one twice is one entry, so
 *  whoever is in doubt publishes again. Throws `unavailable` where the queue does not answer. */
export const publishOffers = async (
  deps: Pick<ControlDeps, 'database' | 'offers'>,
  stages: readonly Stage[],
): Promise<number> => {
  const isQueuePaused = await isPaused(deps)
  const offers = stages.filter((stage) => mayOffer(stage, { isQueuePaused })).map(offerOf)
  if (offers.length > 0) await deps.offers.publish(offers)
  return offers.length
}

/** Whether a stage may be offered now. The one place for what holds stages back; `accept` asks again. */
export const mayOffer = (
  stage: Pick<Stage, 'status' | 'isHeld' | 'isLimited'>,
  queue: { readonly isQueuePaused: boolean },
): boolean =>
  stage.status === 'pending' && !stage.isHeld && !stage.isLimited && !queue.isQueuePaused

/** The offer of a stage: for its next attempt. */
export const offerOf = (stage: Stage): PublishedOffer => ({
  stageId: stage.id,
  attempt: stage.attempt + 1,
  partition: stage.partition,
  attributes: partitionOf(stage),
  priority: stage.queueNumber,
})
