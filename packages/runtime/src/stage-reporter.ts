import type { Grant, StepRecord, StepUpdate } from '@waggle/domain'

/** What a running stage tells, and asks: the worker protocol's start, grant and report, or a terminal in
 *  `waggle exec`. It retries by itself; what it throws is final (a lost lease, a server gone for good), and then the
 *  stage's steps are killed and nothing more is told. */
export interface StageReporter {
  /** The stage runs: its step records, and the first steps that want to start. `false`: the stage was cancelled. */
  start(steps: readonly StepRecord[], grants: readonly Grant[]): Promise<boolean>
  /** May these steps start? Resolves with `true` once that is committed. `updates` are what ended meanwhile. */
  grant(grants: readonly Grant[], updates: readonly StepUpdate[]): Promise<boolean>
  report(updates: readonly StepUpdate[]): Promise<void>
}
