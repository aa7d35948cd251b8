import type { Clock, Engine, Logger, SpecStep, StageResult } from '@waggle/domain'
import type { StageReporter } from './stage-reporter.ts'
import type { StageSnapshot } from './stage-state.ts'
import type { StepLog } from './step-output.ts'

export interface ExecuteDeps {
  readonly engine: Engine
  readonly reporter: StageReporter
  /** Called after the step's grant. */
  openOutput(step: SpecStep, tryNumber: number): Promise<StepLog>
  /** Fresh build, stage and step variables, laid over the compiled ones (environment.md layers 17-19). */
  environment(step: SpecStep, state: StageSnapshot): Readonly<Record<string, string>>
  /** Waits for a place under the worker's process limit, shared by all of its stages; gives the call that frees it. */
  readonly slots?: (signal: AbortSignal) => Promise<() => void>
  readonly clock: Clock
  readonly log: Logger
  readonly killGraceMs: number
  /** From now; the worker takes off what it spent on the stage before. */
  readonly timeoutMs: number
}

/** Why a stage was ended before its graph was. All look the same to its steps (pipeline.md §14.7). */
export type StopReason = 'cancelled' | 'timeout' | 'fail-fast' | 'refused'

export interface ExecuteResult extends StageResult {
  /** Empty when the graph was walked to its end. */
  readonly stopped: StopReason | ''
}
