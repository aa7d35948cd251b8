import type { StepStatus } from '@waggle/domain'

/** Where a worker may move a step from where. Terminal states have no way out (threats.md T-32). */
const stepMoves: Readonly<Record<StepStatus, readonly StepStatus[]>> = {
  pending: ['running', 'success', 'failure', 'error', 'killed', 'skipped'],
  running: ['success', 'failure', 'error', 'killed'],
  success: [],
  failure: [],
  error: [],
  killed: [],
  skipped: [],
}

export const mayMoveStep = (from: StepStatus, to: StepStatus): boolean =>
  stepMoves[from].includes(to)
