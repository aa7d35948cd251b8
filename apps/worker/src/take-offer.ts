import { randomUUID } from 'node:crypto'
import {
  type AttemptRef,
  failpoint,
  isWaggleError,
  type Offer,
  type OfferOutcome,
} from '@waggle/domain'
import { Lease } from './lease.ts'
import { type RunStageDeps, runStage } from './run-stage.ts'

/** Accepts an offer and starts the stage. `settled` as soon as the API decided, yes or no; the stage goes on behind
 *  `done`. `unanswered` only when `stopping` fired before there was an answer. */
export const takeOffer = async (
  deps: RunStageDeps & {
    /** Fires when the process ends: nothing is asked any more. */
    readonly exit: AbortSignal
    readonly onAccepted?: (ref: AttemptRef) => void
  },
  offer: Offer,
  stopping: AbortSignal,
): Promise<OfferOutcome> => {
  const refused: OfferOutcome = { kind: 'settled', done: Promise.resolve() }
  const fields = { 'stage.id': offer.stageId, attempt: offer.attempt }
  try {
    // The same request id until it is answered: a repeat gets the first answer (design §7).
    const { given, leaseToken } = await deps.api.accept(offer, randomUUID(), {
      signal: deps.exit,
      lastTry: stopping,
    })
    const lease = new Lease({ stageId: given.stage.id, attempt: given.attempt }, leaseToken)
    deps.held.add(lease)
    deps.onAccepted?.(lease.ref)
    await failpoint('worker.accepted')
    deps.log.info('stage accepted', {
      ...fields,
      'build.id': given.build.id,
      'build.number': given.build.number,
      'repo.slug': given.repo.slug,
    })
    // The worker began to stop while it asked: nothing ran, somebody else may have it at once.
    if (stopping.aborted) lease.stop()
    return { kind: 'settled', done: runStage(deps, lease, given) }
  } catch (error) {
    if (isWaggleError(error, 'conflict')) {
      deps.log.debug('offer refused', { ...fields, reason: error.code })
      return refused
    }
    if (isWaggleError(error, 'internal') || isWaggleError(error, 'invalid')) {
      deps.log.warn('offer cannot be accepted', { ...fields, err: error })
      return refused
    }
    return { kind: 'unanswered' }
  }
}
