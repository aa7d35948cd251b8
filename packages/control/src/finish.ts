import {
  failpoint,
  invalid,
  isDone,
  type Lease,
  mayMoveStage,
  type Stage,
  type StageResult,
  type Step,
  type StepUpdate,
  type Stores,
} from '@waggle/domain'
import { advanceBuild } from './advance-build.ts'
import type { ControlDeps } from './control-deps.ts'
import { deliverNow } from './deliver-outbox.ts'
import { holdLeaseAndBuild, type LeaseWish, whileRunning } from './hold-lease.ts'
import { type LeaseOutcome, ok } from './refusal.ts'
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
    const held = await holdLeaseAndBuild(deps, stores, lease, wish)
    if (held.kind !== 'held') return held
    const known = await stores.steps.listByStage(lease.stageId)
    const steps = await applyUpdates(stores, known, end.updates, nowMs)
    await applyUpdates(stores, steps, leftOpen(steps), nowMs)
    const stage = await endStage(stores, held.stage, end, nowMs)
    const { stageId, attempt } = lease
    await stores.attempts.update(stageId, attempt, { state: 'ended', end: 'finished' }, [
      ...whileRunning.states,
    ])
    const advance = await advanceBuild(stores, held.build, nowMs)
    return { kind: 'finished' as const, stage, advance }
  })
  if (result.kind === 'repeat') return ok
  if (result.kind !== 'finished') return result
  await failpoint('finish.committed')
  const { stage, advance } = result
  logEnd(deps, stage, lease)
  tellChange(deps, advance.build)
  await deliverNow(deps, advance.outbox, advance.pending)
  return ok
}

const endStage = async (
  stores: Stores,
  stage: Stage,
  end: StageResult,
  nowMs: number,
): Promise<Stage> => {
  if (!mayMoveStage('worker', stage.status, end.status))
    throw invalid('bad_status', `a stage that is ${stage.status} cannot become ${end.status}`)
  const startedAt = stage.startedAt || nowMs
  const patch = {
    status: end.status,
    exitCode: storedCode(end.exitCode),
    error: errorText(end.error),
    startedAt,
    stoppedAt: Math.max(nowMs, startedAt),
    isHeld: false,
  }
  // The row is locked and was just read: its status still holds.
  return (await stores.stages.update(stage.id, patch, { status: stage.status })) ?? stage
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
