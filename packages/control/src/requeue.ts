import type { Attempt, AttemptEnd, OutboxRow, Stage, Stores } from '@waggle/domain'
import { offerMessage } from './advance-build.ts'

/** Ends an attempt that granted nothing, so that nothing can have run, and makes its stage pending again: steps are
 *  forgotten, the next attempt is promised to be offered. Inside a transaction that holds the stage's row. */
export const requeueStage = async (
  stores: Stores,
  attempt: Attempt,
  end: Extract<AttemptEnd, 'released' | 'requeued'>,
): Promise<{ readonly stage: Stage; readonly outbox: readonly OutboxRow[] } | null> => {
  const { stageId, number } = attempt
  const ended = await stores.attempts.update(stageId, number, { state: 'ended', end }, ['leased'])
  if (!ended) return null
  const stage = await stores.stages.update(
    stageId,
    { status: 'pending', isHeld: false, machine: '', startedAt: 0 },
    { status: ['pending', 'running'], attempt: number },
  )
  if (!stage) return null
  await stores.steps.deleteByStage(stageId)
  return { stage, outbox: await stores.outbox.add([offerMessage(stage)]) }
}
