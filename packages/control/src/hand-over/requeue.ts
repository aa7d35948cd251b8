import type { Attempt, AttemptEnd, OutboxMessage, Stage, Step, Stores } from '@waggle/domain'
import type { Released } from '../limits/release-held.ts'
import { standBack } from '../order/stand-back.ts'

/** Ends an attempt that granted nothing, so that nothing can have run but the implicit clone, and makes its stage
 *  pending again: steps are forgotten with their lines, the next attempt is promised to be offered. Inside a
 *  transaction that holds the stage's row. */
export const requeueStage = async (
  stores: Stores,
  attempt: Attempt,
  end: Extract<AttemptEnd, 'released' | 'requeued'>,
): Promise<(Released & { readonly stage: Stage }) | null> => {
  const { stageId, number } = attempt
  const ended = await stores.attempts.update(stageId, number, { state: 'ended', end }, ['leased'])
  if (!ended) return null
  const stage = await stores.stages.update(
    stageId,
    { status: 'pending', isHeld: false, machine: '', startedAt: 0 },
    { status: ['pending', 'running'], attempt: number },
  )
  if (!stage) return null
  const dropped = droppedLogs(attempt, await stores.steps.listByStage(stageId))
  // What of them was archived goes with them, unless it is of an attempt before.
  if (stage.retries > 0) await stores.steps.resetByStage(stageId)
  else await stores.steps.deleteByStage(stageId)
  const { pending, outbox } = await standBack(stores, stage)
  const lost = dropped.length > 0 ? await stores.outbox.add(dropped) : []
  return { stage, pending, outbox: [...outbox, ...lost] }
}

const droppedLogs = (attempt: Attempt, steps: readonly Step[]): readonly OutboxMessage[] => {
  const logs = steps.flatMap(({ number, grantedTry }) =>
    Array.from({ length: grantedTry }, (_, i) => ({ step: number, try: i + 1 })),
  )
  if (logs.length === 0) return []
  return [{ kind: 'dropped_logs', stageId: attempt.stageId, attempt: attempt.number, logs }]
}
