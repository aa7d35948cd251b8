import {
  type Attempt,
  type AttemptRef,
  isDone,
  type OutboxMessage,
  type OutboxRow,
  type Stage,
  type Stores,
} from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps } from '../control-deps.ts'
import { placeOfLost } from '../limits/lost-place.ts'
import { tellChange } from '../tell-change.ts'
import { errorText } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'
import { requeueStage } from './requeue.ts'
import { isRerunOnLoss, retryStage } from './retry-stage.ts'
import { applyUpdates } from './step-updates.ts'

/** What becomes of an attempt whose worker is gone.
 *
 *  requeue  nothing was granted, so nothing can have run but the implicit clone: the stage is offered again
 *  poison   the same, but it took too many workers with it (W10): the stage ends
 *  lose     something may have run: the stage ends
 *  rerun    something may have run, and has been ended by its worker: the file wants it run again
 *  close    it was cancelled: its statuses stand already */
export type LossDecision = 'requeue' | 'poison' | 'lose' | 'rerun' | 'close'

const poisonLosses = 3

/** `lossesBefore`: attempts of the stage that ended by the loss of their worker before this one. */
export const decideLoss = (
  state: Attempt['state'],
  lossesBefore: number,
  mayRerun = false,
): LossDecision | null => {
  switch (state) {
    case 'leased':
      return lossesBefore + 1 >= poisonLosses ? 'poison' : 'requeue'
    case 'granted':
      return mayRerun ? 'rerun' : 'lose'
    case 'closing':
      return 'close'
    case 'ended':
      return null
    default:
      return state satisfies never
  }
}

export const lossText = (decision: LossDecision, attempt: Attempt): string => {
  if (decision === 'poison') return `crashed the worker ${poisonLosses} times`
  const lastContact = new Date(attempt.renewedAt).toISOString()
  return `worker lost (${attempt.workerName}, last contact ${lastContact})`
}

/** Gives the attempt, as it is inside the transaction, if it is still to be ended. */
export type LossGate = (stores: Stores) => Promise<Attempt | null>

/** An attempt that was ended, with what its transaction left to tell (see `deliverNow`). */
export interface EndedAttempt {
  readonly decision: LossDecision
  readonly outbox: readonly OutboxRow[]
  readonly pending: readonly Stage[]
}

/** Ends an attempt without its worker. The gate repeats, under the stage's lock, the condition that made the caller
 *  think so: a heartbeat that came first wins (rule G9). `null`: there was nothing to end any more.
 *  Telling is left to the caller, who may have ended many: while Redis is away each telling takes seconds. */
export const endLostAttempt = async (
  deps: ControlDeps,
  ref: AttemptRef & { readonly buildId: number },
  gate: LossGate,
): Promise<EndedAttempt | null> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores, atEnd) => {
    const limitsOf = await stores.limits.lock({ buildId: ref.buildId })
    const build = await stores.builds.lock(ref.buildId)
    const stage = await stores.stages.lock(ref.stageId)
    const attempt = await gate(stores)
    if (!build || !stage || !attempt) return null
    const losses = attempt.state === 'leased' ? await stores.attempts.countLosses(stage.id) : 0
    const decision = decideLoss(attempt.state, losses, isRerunOnLoss(stage, attempt))
    if (decision === null) return null
    if (decision !== 'requeue') await promiseBuildUpdate(deps, stores, stage, atEnd)
    if (decision === 'requeue') {
      const requeued = await requeueStage(stores, attempt, 'requeued')
      return (
        requeued && { decision, attempt, build, outbox: requeued.outbox, pending: requeued.pending }
      )
    }
    if (decision === 'rerun') {
      const end = { state: 'ended', end: 'lost' } as const
      await stores.attempts.update(stage.id, attempt.number, end, ['granted'])
      const again = await retryStage(stores, stage, await stores.steps.listByStage(stage.id))
      return again && { decision, attempt, build, outbox: again.outbox, pending: again.pending }
    }
    const logs = await endAttempt(stores, attempt)
    const isStageOver = isDone(stage.status)
    if (!isStageOver) await failStage(stores, stage, lossText(decision, attempt), nowMs)
    else await stores.stages.update(stage.id, { isHeld: false }, { attempt: attempt.number })
    // It may still run: then others wait as if it did.
    if (limitsOf !== null && (await mayStillRun(stores, attempt))) {
      const { killGraceMs } = deps.timers
      const placeUntil = await placeOfLost({ stores, killGraceMs }, stage)
      await stores.stages.update(stage.id, { placeUntil })
    }
    const freed = { limitsOf, names: [stage.name] }
    const advance = await advanceBuild(stores, build, nowMs, atEnd, freed)
    const outbox = [...logs, ...advance.outbox]
    return { decision, attempt, build: advance.build, outbox, pending: advance.pending }
  })
  if (!result) return null
  logLoss(deps, result.attempt, result.decision)
  tellChange(deps, result.build)
  const { decision, outbox, pending } = result
  return { decision, outbox, pending }
}

/** Something of it was granted. A cancelled attempt does not say so any more, but its steps do. */
const mayStillRun = async (stores: Stores, { stageId, state }: Attempt): Promise<boolean> => {
  if (state !== 'closing') return state === 'granted'
  return (await stores.steps.listByStage(stageId)).some((step) => step.grantedTry > 0)
}

const endAttempt = async (stores: Stores, attempt: Attempt): Promise<readonly OutboxRow[]> => {
  const { stageId, number } = attempt
  const end = { state: 'ended', end: 'lost' } as const
  await stores.attempts.update(stageId, number, end, ['leased', 'granted', 'closing'])
  // Its lines are archived by whoever tells the outbox, also when Redis is away just now.
  const logs: OutboxMessage = { kind: 'orphan_logs', stageId, attempt: number }
  return stores.outbox.add([logs])
}

const failStage = async (
  stores: Stores,
  stage: Stage,
  text: string,
  nowMs: number,
): Promise<void> => {
  const error = errorText(text)
  const steps = await stores.steps.listByStage(stage.id)
  const updates = steps
    .filter((step) => !isDone(step.status))
    .map(({ number, status }) =>
      // The exit code of what ran is not known, and 0 is never invented (invariant I4).
      status === 'running'
        ? ({ number, status: 'error', exitCode: 255, error } as const)
        : ({ number, status: 'skipped', exitCode: 0, error: '' } as const),
    )
  await applyUpdates(stores, steps, updates, nowMs)
  const startedAt = stage.startedAt || nowMs
  const patch = {
    status: 'error',
    error,
    exitCode: 255,
    isHeld: false,
    startedAt,
    stoppedAt: Math.max(nowMs, startedAt),
  } as const
  await stores.stages.update(stage.id, patch, { status: ['pending', 'running'] })
}

const logLoss = ({ log }: ControlDeps, attempt: Attempt, decision: LossDecision): void => {
  log.warn('attempt ended without its worker', {
    'build.id': attempt.buildId,
    'stage.id': attempt.stageId,
    'worker.id': attempt.workerId,
    'worker.name': attempt.workerName,
    attempt: attempt.number,
    reason: decision,
  })
}
