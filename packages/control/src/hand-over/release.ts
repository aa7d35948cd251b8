import { invalid, type Lease } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { tellChange } from '../tell-change.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { holdLease, type LeaseWish, whileRunning } from './hold-lease.ts'
import { type LeaseOutcome, ok } from './refusal.ts'
import { requeueStage } from './requeue.ts'

const wish: LeaseWish = { ...whileRunning, repeatOf: 'released' }

/** The worker gives the stage back before anything of it ran but the implicit clone; it is offered again at once.
 *  `invalid` after a grant: then it has to be finished. */
export const releaseStage = async (
  deps: ControlDeps,
  lease: Lease,
  reason: string,
): Promise<LeaseOutcome> => {
  const result = await deps.database.transaction(async (stores) => {
    const [, held] = await Promise.all([
      stores.limits.lock({ stageId: lease.stageId }),
      holdLease(deps, stores, lease, wish),
    ])
    if (held.kind !== 'held') return held
    if (held.attempt.state === 'granted')
      throw invalid('granted', 'a stage with a granted step cannot be released')
    const requeued = await requeueStage(stores, held.attempt, 'released')
    return requeued ? { kind: 'released' as const, ...requeued } : { kind: 'repeat' as const }
  })
  if (result.kind === 'repeat') return ok
  if (result.kind !== 'released') return result
  deps.log.info('stage released', {
    'build.id': result.stage.buildId,
    'stage.id': lease.stageId,
    'worker.id': lease.workerId,
    attempt: lease.attempt,
    reason: cutCodePoints(cleanText(reason), 500),
  })
  tellChange(deps, result.stage)
  await deliverNow(deps, result.outbox, result.pending)
  return ok
}
