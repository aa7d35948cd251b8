import {
  invalid,
  type Lease,
  type Step,
  type StepSeal,
  type StepUpdate,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { releaseOf } from '../limits/release-held.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { applySeals, closeLogs } from '../step-logs/apply-seals.ts'
import { promiseSeals } from '../step-logs/promise-seals.ts'
import { tellChange } from '../tell-change.ts'
import { holdLease, type LeaseWish } from './hold-lease.ts'
import { type LeaseOutcome, ok } from './refusal.ts'
import { storedCode } from './step-updates.ts'

const wish: LeaseWish = { states: ['closing', 'leased', 'granted'], repeatOf: 'cancelled' }

/** A cancelled attempt is over on its worker. The statuses stand since the cancel was answered; only exit codes are
 *  noted, as the containers really had them (invariant I4). */
export const acknowledgeCancel = async (
  deps: ControlDeps,
  lease: Lease,
  updates: readonly StepUpdate[],
  seals: readonly StepSeal[] = [],
): Promise<LeaseOutcome> => {
  const result = await deps.database.transaction(async (stores) => {
    const [limitsOf, held] = await Promise.all([
      stores.limits.lock({ stageId: lease.stageId }),
      holdLease(deps, stores, lease, wish),
    ])
    if (held.kind !== 'held') return held
    if (held.attempt.state !== 'closing')
      throw invalid('not_cancelled', 'the attempt was not cancelled')
    const steps = await stores.steps.listByStage(lease.stageId)
    await noteExitCodes(stores, steps, updates)
    const sealed = await applySeals(stores, steps, lease, seals)
    const outbox = await promiseSeals(stores, steps, lease)
    const { stageId, attempt } = lease
    const end = { state: 'ended', end: 'cancelled', cancelDone: true } as const
    await stores.attempts.change(stageId, attempt, end, ['closing'])
    await stores.stages.change(stageId, { isHeld: false }, { attempt })
    // A cancelled stage counts until it is closed (design §8).
    const released = await releaseOf(stores, limitsOf, [held.stage.name])
    const rows = [...outbox, ...released.outbox]
    const { pending } = released
    return { kind: 'acknowledged' as const, stage: held.stage, outbox: rows, pending, sealed }
  })
  if (result.kind === 'repeat') return ok
  if (result.kind !== 'acknowledged') return result
  deps.log.info('cancel acknowledged', {
    'build.id': result.stage.buildId,
    'stage.id': lease.stageId,
    'worker.id': lease.workerId,
    attempt: lease.attempt,
  })
  tellChange(deps, result.stage)
  await closeLogs(deps, result.stage.buildId, result.sealed)
  await deliverNow(deps, result.outbox, result.pending)
  return ok
}

const noteExitCodes = async (
  stores: Stores,
  steps: readonly Step[],
  updates: readonly StepUpdate[],
): Promise<void> => {
  const byNumber = new Map(steps.map((step) => [step.number, step]))
  for (const { number, status, exitCode } of updates) {
    const step = byNumber.get(number)
    const didExit = status === 'success' || status === 'failure' || status === 'killed'
    // Only what the cancel itself ended: a step that was told before has its code.
    if (step?.status !== 'killed' || !didExit || step.exitCode === storedCode(exitCode)) continue
    await stores.steps.change(step.id, { exitCode: storedCode(exitCode) }, ['killed'])
  }
}
