/** States of builds, stages and steps, and who may move a stage between them (scheduling.md §1, design §6). */
export const stageStatuses = [
  'blocked',
  'waiting_on_dependencies',
  'pending',
  'running',
  'success',
  'failure',
  'error',
  'killed',
  'skipped',
  'declined',
] as const
export type StageStatus = (typeof stageStatuses)[number]

export const buildStatuses = [
  'pending',
  'running',
  'success',
  'failure',
  'error',
  'killed',
  'skipped',
  'declined',
] as const
export type BuildStatus = (typeof buildStatuses)[number]

export const stepStatuses = [
  'pending',
  'running',
  'success',
  'failure',
  'error',
  'killed',
  'skipped',
] as const
export type StepStatus = (typeof stepStatuses)[number]

export type Status = StageStatus | BuildStatus | StepStatus

const open: ReadonlySet<string> = new Set([
  'waiting_on_dependencies',
  'blocked',
  'pending',
  'running',
])
const failed: ReadonlySet<string> = new Set(['failure', 'killed', 'error'])

/** "Done" of scheduling.md §1: nothing will change any more. */
export const isDone = (status: Status): boolean => !open.has(status)

/** "Failed" of scheduling.md §1: failure, killed or error. */
export const isFailed = (status: Status): boolean => failed.has(status)

/** Who asks for a transition of a stage. */
export type StageActor =
  | 'worker' // the holder of the current attempt
  | 'canceller' // a person, auto-cancel
  | 'advancer' // end-of-stage processing
  | 'approver'
  | 'reaper' // a lost worker, a stage over its time

type Moves = Partial<Record<StageActor, readonly StageStatus[]>>

/** The one table of stage transitions. What is not here is refused. Terminal states have no way out (I2). */
export const stageTransitions: Readonly<Record<StageStatus, Moves>> = {
  blocked: {
    approver: ['pending', 'waiting_on_dependencies', 'declined'],
    canceller: ['skipped'],
    reaper: ['error'],
  },
  waiting_on_dependencies: {
    advancer: ['pending', 'skipped'],
    approver: ['declined'],
    canceller: ['skipped'],
    reaper: ['error'],
  },
  pending: {
    // A worker may end an accepted stage before its start: it cannot parse it, or its set-up failed.
    worker: ['running', 'error', 'killed'],
    canceller: ['skipped', 'killed'],
    reaper: ['error', 'killed'],
  },
  running: {
    worker: ['success', 'failure', 'error', 'killed'],
    canceller: ['killed'],
    // pending: an attempt that ended without a grant is taken back (design §6).
    reaper: ['pending', 'error', 'killed'],
  },
  success: {},
  failure: {},
  error: {},
  killed: {},
  skipped: {},
  declined: {},
}

export const mayMoveStage = (actor: StageActor, from: StageStatus, to: StageStatus): boolean =>
  stageTransitions[from][actor]?.includes(to) ?? false
