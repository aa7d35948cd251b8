import type { Grant, Lease, StepSeal, StepUpdate } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { applySeals, closeLogs } from '../step-logs/apply-seals.ts'
import { openLogs } from '../step-logs/open-logs.ts'
import { tellChange } from '../tell-change.ts'
import { promiseStepUpdate } from '../webhooks/promise-webhooks.ts'
import { applyGrants } from './apply-grants.ts'
import { holdLease, whileRunning } from './hold-lease.ts'
import { type LeaseOutcome, ok } from './refusal.ts'
import { applyUpdates } from './step-updates.ts'

/** May these steps start now? Committed before any of them does; no grant, no start (design §7). */
export const grantSteps = async (
  deps: ControlDeps,
  lease: Lease,
  request: {
    readonly updates: readonly StepUpdate[]
    readonly grants: readonly Grant[]
    readonly seals?: readonly StepSeal[]
  },
): Promise<LeaseOutcome> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores, atEnd) => {
    // Asked for together, run in order: the steps are read under the stage's lock.
    const [held, known] = await Promise.all([
      holdLease(deps, stores, lease, whileRunning),
      stores.steps.listByStage(lease.stageId),
    ])
    if (held.kind !== 'held') return held
    const [sealed, steps] = await Promise.all([
      applySeals(stores, known, lease, request.seals ?? []),
      applyUpdates(stores, known, request.updates, nowMs),
    ])
    const opened = await applyGrants(stores, held.attempt, steps, request.grants, nowMs)
    if (request.updates.length + request.grants.length > 0)
      await promiseStepUpdate(deps, stores, held.stage, atEnd)
    return { kind: 'granted' as const, stage: held.stage, opened, sealed }
  })
  if (result.kind !== 'granted') return result.kind === 'repeat' ? ok : result
  const { buildId } = result.stage
  await Promise.all([
    openLogs(deps, buildId, result.opened),
    closeLogs(deps, buildId, result.sealed),
  ])
  tellChange(deps, result.stage)
  return ok
}

/** What became of steps since the last call. */
export const reportSteps = (
  deps: ControlDeps,
  lease: Lease,
  updates: readonly StepUpdate[],
  seals: readonly StepSeal[] = [],
): Promise<LeaseOutcome> => grantSteps(deps, lease, { updates, grants: [], seals })
