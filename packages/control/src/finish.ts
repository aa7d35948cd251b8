import {
  failpoint,
  invalid,
  isDone,
  type Lease,
  type LogKey,
  mayMoveStage,
  type OutboxRow,
  type Stage,
  type StageResult,
  type Step,
  type StepUpdate,
  type Stores,
  stageStatuses,
} from '@waggle/domain'
import { advanceBuild } from './advance-build.ts'
import { applySeals, closeLogs } from './apply-seals.ts'
import type { ControlDeps } from './control-deps.ts'
import { deliverNow } from './deliver-outbox.ts'
import { holdLease, type LeaseWish, lockBuildOf, whileRunning } from './hold-lease.ts'
import { promiseSeals } from './promise-seals.ts'
import { type LeaseOutcome, type LeaseRefused, leaseLost, ok } from './refusal.ts'
import { applyUpdates, storedCode } from './step-updates.ts'
import { tellChange } from './tell-change.ts'
import { errorText } from './text-limits.ts'

const wish: LeaseWish = { ...whileRunning, repeatOf: 'finished' }

/** The stage ended. In one transaction: its steps, the stage, the attempt, what follows for the build, and the promise
 *  to offer what may run now (drone's sequence of separate updates left stages waiting for ever: reliability.md A.2). */
export const finishStage = async (
  deps: ControlDeps,
  lease: Lease,
  end: StageResult,
): Promise<LeaseOutcome> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores) => {
    const build = await lockBuildOf(deps, stores, lease)
    if (!build) return leaseLost
    const stage = await endStage(stores, lease, end, nowMs)
    if (!stage) return whyNotEnded(deps, stores, lease, end)
    // Neither needs the other: their statements go together.
    const [logs, advance] = await Promise.all([
      endAttempt(stores, lease, end, nowMs),
      advanceBuild(stores, build, nowMs),
    ])
    return { kind: 'finished' as const, stage, advance, logs }
  })
  if (result.kind === 'repeat') return ok
  if (result.kind !== 'finished') return result
  await failpoint('finish.committed')
  const { stage, advance, logs } = result
  logEnd(deps, stage, lease)
  tellChange(deps, advance.build)
  await closeLogs(deps, stage.buildId, logs.sealed)
  await deliverNow(deps, [...advance.outbox, ...logs.outbox], advance.pending)
  return ok
}

/** Lock, check and write in one statement: a stage that is open and held by this attempt has it leased or granted, for
 *  whoever closes an attempt from outside gives its stage a final status in the same transaction. */
const endStage = async (
  stores: Stores,
  lease: Lease,
  end: StageResult,
  nowMs: number,
): Promise<Stage | null> => {
  const patch = {
    status: end.status,
    exitCode: storedCode(end.exitCode),
    error: errorText(end.error),
    stoppedAt: nowMs,
    isHeld: false,
  }
  const status = stageStatuses.filter((from) => mayMoveStage('worker', from, end.status))
  const when = { status, attempt: lease.attempt, isHeld: true }
  const stage = await stores.stages.update(lease.stageId, patch, when)
  if (!stage || (stage.startedAt > 0 && stage.startedAt <= nowMs)) return stage
  // It never started, or by another server's clock it did so later than now.
  const startedAt = stage.startedAt || nowMs
  const times = { startedAt, stoppedAt: Math.max(nowMs, startedAt) }
  return stores.stages.update(stage.id, times)
}

/** Ends the attempt, its steps and their logs. */
const endAttempt = async (
  stores: Stores,
  lease: Lease,
  end: StageResult,
  nowMs: number,
): Promise<{ readonly sealed: readonly LogKey[]; readonly outbox: readonly OutboxRow[] }> => {
  const { stageId, attempt } = lease
  const ended = { state: 'ended', end: 'finished' } as const
  const [known] = await Promise.all([
    stores.steps.listByStage(stageId),
    stores.attempts.update(stageId, attempt, ended, wish.states),
  ])
  const sealed = await applySeals(stores, known, lease, end.seals ?? [])
  const steps = await applyUpdates(stores, known, end.updates, nowMs)
  const closed = await applyUpdates(stores, steps, leftOpen(steps), nowMs)
  return { sealed, outbox: await promiseSeals(stores, closed, lease) }
}

const whyNotEnded = async (
  deps: ControlDeps,
  stores: Stores,
  lease: Lease,
  end: StageResult,
): Promise<LeaseRefused | { readonly kind: 'repeat' }> => {
  const held = await holdLease(deps, stores, lease, wish)
  if (held.kind !== 'held') return held
  throw invalid('bad_status', `a stage that is ${held.stage.status} cannot become ${end.status}`)
}

/** No step stays open in a stage that ended. One that ran and whose end nobody told is an error: its exit code is
 *  not known, and 0 is never invented (invariant I4). */
const leftOpen = (steps: readonly Step[]): readonly StepUpdate[] =>
  steps
    .filter((step) => !isDone(step.status))
    .map(({ number, status }) =>
      status === 'running'
        ? { number, status: 'error', exitCode: 255, error: 'its worker did not tell how it ended' }
        : { number, status: 'skipped', exitCode: 0, error: '' },
    )

const logEnd = ({ log }: ControlDeps, stage: Stage, lease: Lease): void => {
  log.info('stage finished', {
    'build.id': stage.buildId,
    'stage.id': stage.id,
    'worker.id': lease.workerId,
    attempt: lease.attempt,
    status: stage.status,
    exitCode: stage.exitCode,
    durationMs: stage.stoppedAt - stage.startedAt,
  })
}
