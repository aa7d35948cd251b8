import { randomUUID } from 'node:crypto'
import {
  type AttemptRef,
  failpoint,
  type Given,
  isWaggleError,
  type Offer,
  type OfferOutcome,
} from '@waggle/domain'
import { monotonicMs } from './fence-file.ts'
import { Lease } from './lease.ts'
import { type RunStageDeps, runStage } from './run-stage.ts'
import type { SelfFence } from './self-fence.ts'

/** Accepts an offer and starts the stage. `settled` as soon as the API decided, yes or no; the stage goes on behind
 *  `done`. `unanswered` only when `stopping` fired before there was an answer. */
export const takeOffer = async (
  deps: RunStageDeps & {
    /** Fires when the process ends: nothing is asked any more. */
    readonly exit: AbortSignal
    readonly onAccepted?: (ref: AttemptRef, given: Given) => void
    /** The API wants this worker to take nothing new: known before the heartbeat's answer. */
    readonly onDraining?: () => void
    /** Absent: the worker cannot end by itself what may run again elsewhere. */
    readonly fence?: Pick<SelfFence, 'add' | 'delete'>
  },
  offer: Offer,
  stopping: AbortSignal,
): Promise<OfferOutcome> => {
  const refused: OfferOutcome = { kind: 'settled', done: Promise.resolve() }
  const fields = { 'stage.id': offer.stageId, attempt: offer.attempt }
  try {
    // The same request id until it is answered: a repeat gets the first answer (design §7).
    const askedAt = monotonicMs()
    const { given, leaseToken, isFenced } = await deps.api.accept(offer, randomUUID(), {
      signal: deps.exit,
      lastTry: stopping,
      canFence: deps.fence !== undefined,
    })
    const lease = new Lease({ stageId: given.stage.id, attempt: given.attempt }, leaseToken)
    deps.held.add(lease)
    deps.onAccepted?.(lease.ref, given)
    await failpoint('worker.accepted')
    deps.log.info('stage accepted', {
      ...fields,
      'build.id': given.build.id,
      'build.number': given.build.number,
      'repo.slug': given.repo.slug,
    })
    // The worker began to stop while it asked: nothing ran, somebody else may have it at once.
    if (stopping.aborted) lease.stop()
    const { fence } = deps
    if (!isFenced || fence === undefined)
      return { kind: 'settled', done: runStage(deps, lease, given) }
    return { kind: 'settled', done: runFenced({ ...deps, fence }, lease, given, askedAt) }
  } catch (error) {
    if (isWaggleError(error, 'conflict') && error.code === 'draining') {
      // Others may have it. What is known from here on keeps this worker from fetching it again.
      deps.onDraining?.()
      return { kind: 'unanswered' }
    }
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

const runFenced = async (
  deps: RunStageDeps & { readonly fence: Pick<SelfFence, 'add' | 'delete'> },
  lease: Lease,
  given: Given,
  askedAt: number,
): Promise<void> => {
  await deps.fence.add(lease, askedAt).catch((err: unknown) => {
    deps.log.error('stage given back: it cannot be fenced', { 'stage.id': given.stage.id, err })
    lease.stop()
  })
  await runStage(deps, lease, given)
  deps.fence.delete(lease.ref)
}
