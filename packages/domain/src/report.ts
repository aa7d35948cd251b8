import type { LogSeal } from './line.ts'
import type { StepStatus } from './status.ts'

/** Proof that a call is about an attempt of the caller's: all of it is checked against the attempt's row. */
export interface Lease {
  readonly workerId: string
  readonly stageId: number
  readonly attempt: number
  readonly token: string
}

/** A step record as the worker announces it at the start of the stage. */
export interface StepRecord {
  readonly number: number
  readonly name: string
  readonly image: string
  readonly errIgnore: boolean
  readonly detached: boolean
  readonly dependsOn: readonly string[]
}

/** What a worker saw of a step. Carries no time: the server stamps it. */
export interface StepUpdate {
  readonly number: number
  readonly status: StepStatus
  readonly exitCode: number
  readonly error: string
}

/** The right to start one try of one step, committed before its container starts (design §7). */
export interface Grant {
  readonly step: number
  readonly try: number
  /** It is the implicit clone, which is no grant: an attempt that ran nothing else can be taken back (design §14). */
  readonly isImplicit?: boolean
}

/** A log that is complete: all of its lines are in the archive. */
export interface StepSeal {
  readonly step: number
  readonly try: number
  readonly seal: LogSeal
}

/** How a stage ended, by its worker. */
export interface StageResult {
  readonly status: 'success' | 'failure' | 'error' | 'killed'
  readonly exitCode: number
  readonly error: string
  readonly updates: readonly StepUpdate[]
  /** Logs that are complete, where that was not told before. */
  readonly seals?: readonly StepSeal[]
}
