import type { AttemptRef } from './attempt.ts'
import type { ProbeResult } from './healthcheck.ts'
import type { Spec, SpecStep } from './spec.ts'

/** Runs specs: containers, or processes of the host. Set-up and clean-up are idempotent and may be repeated after
 *  any half-done state. Every engine passes the suite `describeEngine` of testkit. */
export interface Engine {
  readonly type: string
  /** Throws `unavailable` when the engine does not answer. */
  ping(signal?: AbortSignal): Promise<void>
  /** Network, volumes and what steps share. Not interrupted by cancellation of the stage (pipeline.md §13.1): `patience`
   *  only ends the waiting for an engine that is away. Without it nothing is waited for. */
  setup(spec: Spec, patience?: AbortSignal): Promise<void>
  /** Runs one try of one step to its end. Output goes to `output` in order, until the end of the stream.
   *
   *  A step that ran and failed is a `StepExit`; what kept it from running (pull, create, start) throws
   *  `WaggleError` with a text for the user. When `signal` fires the step gets SIGTERM, `killGraceMs`, SIGKILL,
   *  and the call still ends with its exit. */
  run(spec: Spec, step: SpecStep, options: RunOptions): Promise<StepExit>
  /** Asks a step that runs, once, whether it is ready (`step.healthcheck`). Does not take longer than the probe's
   *  timeout. Throws `not_found` when the step's process has ended. Absent: the engine cannot ask. */
  probe?(spec: Spec, step: SpecStep, options: ProbeOptions): Promise<ProbeResult>
  /** Removes caches of the installation that are unused for too long, or too large. Gives how many. */
  purgeCaches?(owner: string, limits: CacheLimits): Promise<number>
  /** Removes whatever setup and run left. Called once per stage, also after a half-done setup, and again at
   *  start-up; must accept things already gone. Its signal is not the stage's: cancelling a build must not
   *  cancel the cleaning. */
  destroy(spec: Spec, signal?: AbortSignal): Promise<void>
  /** Attempts of this installation that left containers, networks, volumes or folders on this machine. */
  leftovers(installation: string): Promise<readonly AttemptRef[]>
  /** Removes all that carries the attempt's labels; no spec is needed. */
  remove(installation: string, ref: AttemptRef): Promise<void>
  close(): Promise<void>
}

export interface RunOptions {
  readonly output: StepOutputSink
  /** Which try of the step this is, from 1; part of the container's name. */
  readonly try: number
  /** Overlays the step's compiled environment: fresh build, stage and step variables (environment.md layer 17-19). */
  readonly environment: Readonly<Record<string, string>>
  readonly killGraceMs: number
  readonly signal: AbortSignal
  /** Called once the step's process was started. */
  readonly onStarted?: () => void
}

export interface ProbeOptions {
  readonly try: number
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What caches may hold on one machine, besides the limits of each. */
export interface CacheLimits {
  /** Longest time that a cache is kept unused. */
  readonly maxAgeMs: number
  /** All caches together; 0 = no limit. */
  readonly totalBytes: number
}

/** Takes a step's bytes. A promise is back-pressure: the engine reads on when it resolves. */
export interface StepOutputSink {
  /** `timeMs`: when the engine saw the bytes, milliseconds since 1970; 0 = not known. */
  write(bytes: Uint8Array, timeMs: number): Promise<void> | void
}

/** How a step ended. It ran; whether it passed is another matter. */
export interface StepExit {
  readonly code: number
  readonly isOutOfMemory: boolean
  /** Where the log is known not to hold everything, or more is known about the end than the code says; else empty.
   *  Shown as the last line of the step's log. */
  readonly note: string
  /** What the log is known to miss; goes into its seal. */
  readonly gap?: string
}
