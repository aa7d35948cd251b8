import {
  invalid,
  isDone,
  type Step,
  type StepPatch,
  type StepUpdate,
  type Stores,
} from '@waggle/domain'
import { errorText } from '../text-limits.ts'
import { mayMoveStep } from './step-moves.ts'

/** Stores what a worker saw of its steps, with the server's times. What is no move of the table is passed over: it is
 *  a repeat, or came late. `invalid` for a step that the stage does not have. Gives the steps as they are now. */
export const applyUpdates = async (
  stores: Stores,
  steps: readonly Step[],
  updates: readonly StepUpdate[],
  nowMs: number,
): Promise<readonly Step[]> => {
  const current = new Map(steps.map((step) => [step.number, Promise.resolve(step)]))
  for (const { number } of updates)
    if (!current.has(number)) throw invalid('unknown_step', `the stage has no step ${number}`)
  // Those of one step come after each other, those of several steps go together.
  for (const update of updates) {
    const before = current.get(update.number)
    if (before)
      current.set(
        update.number,
        before.then((step) => move(stores, step, update, nowMs)),
      )
  }
  return Promise.all(current.values())
}

const move = async (
  stores: Stores,
  step: Step,
  update: StepUpdate,
  nowMs: number,
): Promise<Step> => {
  if (!mayMoveStep(step.status, update.status)) return step
  const patch = patchOf(step, update, nowMs)
  const isMoved = await stores.steps.change(step.id, patch, [step.status])
  return isMoved ? { ...step, ...patch, version: step.version + 1 } : step
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
