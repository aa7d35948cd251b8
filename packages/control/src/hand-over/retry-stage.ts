import {
  type Attempt,
  isRetriedOn,
  type LogKey,
  type Retry,
  type RetryEnd,
  type RetryReason,
  type Stage,
  type StageResult,
  type Step,
  type Stores,
} from '@waggle/domain'
import type { Released } from '../limits/release-held.ts'
import { standBack } from '../order/stand-back.ts'

type Retried = Pick<Stage, 'retryLimit' | 'retryOn' | 'retries'>

/** Whether a stage that ended so is run again. Only one that ran: what cannot even be compiled, fails again. */
export const isStageRetried = (
  stage: Retried & Pick<Stage, 'status'>,
  steps: readonly Step[],
  end: Pick<StageResult, 'status' | 'updates'>,
): boolean => {
  if (stage.status !== 'running') return false
  if (end.status === 'error') return wantsRetry(stage, { reason: 'error', exitCode: 255 })
  const isFailure = end.status === 'failure'
  return isFailure && wantsRetry(stage, { reason: 'failure', exitCode: decidingCode(steps, end) })
}

/** Whether a stage is run again after the loss of this attempt: only where the worker ends by itself what it ran, or
 *  the same steps would run twice at once (reliability.md §0.2, T_selffence). */
export const isRerunOnLoss = (stage: Retried, attempt: Pick<Attempt, 'isFenced'>): boolean =>
  attempt.isFenced && wantsRetry(stage, { reason: 'worker_lost', exitCode: 255 })

/** Whether an attempt of the stage would be run again if its worker was lost: then the worker has to be fenced. */
export const mustBeFenced = (stage: Retried): boolean => isRerunOnLoss(stage, { isFenced: true })

const wantsRetry = (stage: Retried, end: RetryEnd): boolean =>
  stage.retries < stage.retryLimit && isRetriedOn(retryOf(stage), end)

const retryOf = ({ retryLimit, retryOn }: Retried): Retry => ({
  count: retryLimit,
  // As stored: words, and exit codes as text.
  on: retryOn.map((on) => (/^\d+$/.test(on) ? Number(on) : (on as RetryReason))),
  delayMs: 0,
})

/** Exit code of the first failed step that is not ignored: the one that decided on the stage. */
const decidingCode = (
  steps: readonly Step[],
  { updates }: Pick<StageResult, 'updates'>,
): number => {
  const ended = new Map(updates.map((update) => [update.number, update]))
  for (const step of steps.toSorted((a, b) => a.number - b.number)) {
    const { status, exitCode } = ended.get(step.number) ?? step
    if (!step.errIgnore && status === 'failure') return exitCode
  }
  return 0
}

/** Makes a stage pending again whose attempt has ended: its steps are as before their first start, their earlier logs
 *  stay, the next attempt is promised to be offered. Inside a transaction that holds the stage's row. */
export const retryStage = async (
  stores: Stores,
  stage: Stage,
  steps: readonly Step[],
): Promise<(Released & { readonly stage: Stage }) | null> => {
  const { id: stageId, attempt, retries } = stage
  const again = await stores.stages.update(
    stageId,
    { status: 'pending', isHeld: false, machine: '', startedAt: 0, retries: retries + 1 },
    { status: 'running', attempt, isHeld: true },
  )
  if (!again) return null
  await stores.steps.resetByStage(stageId)
  const logs = grantedLogs(steps)
  const open = logs.length > 0 ? [{ kind: 'orphan_logs', stageId, attempt, logs } as const] : []
  const { pending, outbox } = await standBack(stores, again)
  const logRows = open.length > 0 ? await stores.outbox.add(open) : []
  return { stage: again, pending, outbox: [...outbox, ...logRows] }
}

const grantedLogs = (steps: readonly Step[]): readonly Pick<LogKey, 'step' | 'try'>[] =>
  steps.flatMap(({ number, grantedTry }) =>
    Array.from({ length: grantedTry }, (_, i) => ({ step: number, try: i + 1 })),
  )
