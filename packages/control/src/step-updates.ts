import {
  invalid,
  isDone,
  type Step,
  type StepPatch,
  type StepUpdate,
  type Stores,
} from '@waggle/domain'
import { mayMoveStep } from './step-moves.ts'
import { errorText } from './text-limits.ts'

/** Stores what a worker saw of its steps, with the server's times. What is no move of the table is passed over: it is
 *  a repeat, or came late. `invalid` for a step that the stage does not have. Gives the steps as they are now. */
export const applyUpdates = async (
  stores: Stores,
  steps: readonly Step[],
  updates: readonly StepUpdate[],
  nowMs: number,
): Promise<readonly Step[]> => {
  const current = new Map(steps.map((step) => [step.number, step]))
  for (const update of updates) {
    const step = current.get(update.number)
    if (!step) throw invalid('unknown_step', `the stage has no step ${update.number}`)
    if (!mayMoveStep(step.status, update.status)) continue
    const moved = await stores.steps.update(step.id, patchOf(step, update, nowMs), [step.status])
    if (moved) current.set(moved.number, moved)
  }
  return [...current.values()]
}

const patchOf = (step: Step, update: StepUpdate, nowMs: number): StepPatch => {
  const startedAt = step.startedAt || nowMs
  return {
    status: update.status,
    exitCode: storedCode(update.exitCode),
    error: errorText(update.error),
    startedAt,
    // Never before the start, whatever two servers' clocks say.
    ...(isDone(update.status) ? { stoppedAt: Math.max(nowMs, startedAt) } : {}),
  }
}

/** Exit codes as 32-bit numbers, as columns and clients hold them: Windows knows ones beyond 2³¹. */
export const storedCode = (code: number): number => code | 0
