import {
  failpoint,
  internal,
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
} from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { applySeals, closeLogs } from '../step-logs/apply-seals.ts'
import { promiseSeals } from '../step-logs/promise-seals.ts'
import { tellChange } from '../tell-change.ts'
import { errorText } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'
import { holdLease, type LeaseWish, whileRunning } from './hold-lease.ts'
import { type LeaseOutcome, leaseLost, ok } from './refusal.ts'
import { isStageRetried, retryStage } from './retry-stage.ts'
import { applyUpdates, storedCode } from './step-updates.ts'

const wish: LeaseWish = { ...whileRunning, repeatOf: 'finished' }

/** The stage ended. In one transaction: its steps, the stage, the attempt, what follows for the build, and the promise
 *  to offer what may run now (drone's sequence of separate updates left stages waiting for ever: reliability.md A.2). */
export const finishStage = async (
  deps: ControlDeps,
  lease: Lease,
  end: StageResult,
): Promise<LeaseOutcome> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores, atEnd) => {
    // Asked for together, run in order: all locks in one packet, the build's before the stage's (design §6).
    const [limitsOf, build, held, known] = await Promise.all([
      stores.limits.lock({ stageId: lease.stageId }),
      stores.builds.lockOfStage(lease.stageId),
      holdLease(deps, stores, lease, wish),
      stores.steps.listByStage(lease.stageId),
    ])
    if (held.kind !== 'held') return held
    if (!build) return leaseLost
    await promiseBuildUpdate(deps, stores, held.stage, atEnd)
    if (isStageRetried(held.stage, known, end)) {
      const logs = await endAttempt(stores, known, lease, end, nowMs)
      const again = await retryStage(stores, held.stage, known)
      if (!again) throw internal('stage_not_ended', 'a locked stage was changed by somebody else')
      return { kind: 'retried' as const, build, logs, ...again }
    }
    // None needs the other: their statements go together, the stage's first.
    const [stage, logs, advance] = await Promise.all([
      endStage(stores, held.stage, end, nowMs),
      endAttempt(stores, known, lease, end, nowMs),
      advanceBuild(stores, build, nowMs, atEnd, { limitsOf, names: [held.stage.name] }),
    ])
    return { kind: 'finished' as const, stage, advance, logs }
  })
  if (result.kind === 'repeat') return ok
  if (result.kind === 'retried') {
    await failpoint('finish.committed')
    logRetry(deps, result.stage, lease, end)
    tellChange(deps, result.build)
    await closeLogs(deps, result.build.id, result.logs.sealed)
    await deliverNow(deps, [...result.outbox, ...result.logs.outbox], result.pending)
    return ok
  }
  if (result.kind !== 'finished') return result
  await failpoint('finish.committed')
  const { stage, advance, logs } = result
  logEnd(deps, stage, lease)
  tellChange(deps, advance.build)
  await closeLogs(deps, stage.buildId, logs.sealed)
  await deliverNow(deps, [...advance.outbox, ...logs.outbox], advance.pending)
  return ok
}

/** The final status; `invalid` for one that does not come after the stage's own. */
const endStage = async (
  stores: Stores,
  stage: Stage,
  end: StageResult,
  nowMs: number,
): Promise<Stage> => {
  if (!mayMoveStage('worker', stage.status, end.status))
    throw invalid('bad_status', `a stage that is ${stage.status} cannot become ${end.status}`)
  // It may never have started, or by another server's clock have done so later than now.
  const startedAt = stage.startedAt || nowMs
  const patch = {
    status: end.status,
    exitCode: storedCode(end.exitCode),
    error: errorText(end.error),
    startedAt,
    stoppedAt: Math.max(nowMs, startedAt),
    isHeld: false,
  }
  const when = { status: stage.status, attempt: stage.attempt, isHeld: true }
  if (!(await stores.stages.change(stage.id, patch, when)))
    throw internal('stage_not_ended', 'a locked stage was changed by somebody else')
  return { ...stage, ...patch, version: stage.version + 1 }
}

/** Ends the attempt, its steps and their logs. */
const endAttempt = async (
  stores: Stores,
  known: readonly Step[],
  lease: Lease,
  end: StageResult,
  nowMs: number,
): Promise<{ readonly sealed: readonly LogKey[]; readonly outbox: readonly OutboxRow[] }> => {
  const { stageId, attempt } = lease
  const ended = { state: 'ended', end: 'finished' } as const
  const [sealed, steps] = await Promise.all([
    applySeals(stores, known, lease, end.seals ?? []),
    applyUpdates(stores, known, end.updates, nowMs),
    stores.attempts.change(stageId, attempt, ended, wish.states),
  ])
  const closed = await applyUpdates(stores, steps, leftOpen(steps), nowMs)
  return { sealed, outbox: await promiseSeals(stores, closed, lease) }
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

const logRetry = (
  { log }: ControlDeps,
  stage: Stage,
  { workerId, attempt }: Lease,
  { status }: StageResult,
): void => {
  const place = { 'build.id': stage.buildId, 'stage.id': stage.id, 'worker.id': workerId }
  log.info('stage is run again', { ...place, attempt, status, count: stage.retries })
}

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
