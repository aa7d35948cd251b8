import type { Hook, Origin, RunPolicy } from '@waggle/domain'
import type { LintFinding, PlannedStage, SkippedStage } from '@waggle/pipeline'

/** What a build of a file would be, without making one. */
export interface PlanReport {
  readonly event: Hook['event']
  readonly ref: string
  /** Branch that conditions look at. */
  readonly branch: string
  readonly origin: Origin
  /** Why there would be no build, or one in error; empty = it would have stages. */
  readonly reason: string
  /** Whether `reason` is a mistake of the file: the build would end in `error`. */
  readonly isError: boolean
  readonly stages: readonly StageReport[]
  readonly skipped: readonly SkippedStage[]
  readonly issues: readonly LintFinding[]
}

export interface StageReport
  extends Pick<
    PlannedStage,
    | 'number'
    | 'name'
    | 'type'
    | 'os'
    | 'arch'
    | 'labels'
    | 'limit'
    | 'dependsOn'
    | 'onSuccess'
    | 'onFailure'
  > {
  readonly status: 'blocked' | 'pending' | 'waiting_on_dependencies'
  /** Why it would wait for an approval; empty = it would not. */
  readonly blocked: string
  /** What would end it before its first step; empty = nothing. */
  readonly error: string
  readonly warnings: readonly string[]
  /** Further tries after the first. */
  readonly retries: number
  readonly steps: readonly StepReport[]
  /** Secrets with registry credentials: the worker uses them, no step sees them. */
  readonly pullSecrets: readonly SecretReport[]
}

export interface StepReport {
  /** As people see it; 0 = it never runs. */
  readonly number: number
  readonly name: string
  readonly role: 'clone' | 'service' | 'step'
  readonly image: string
  readonly runs: RunPolicy
  /** Names the rule that keeps it from running; empty = it runs. */
  readonly skipped: string
  readonly dependsOn: readonly string[]
  readonly detach: boolean
  readonly privileged: boolean
  /** 0 = none of its own. */
  readonly timeoutMs: number
  /** Further tries after the first. */
  readonly retries: number
  /** Whether steps that need it wait until it is ready. */
  readonly isAwaited: boolean
  readonly secrets: readonly SecretReport[]
}

export interface SecretReport {
  readonly name: string
  /** Variable that would hold it; empty = none. */
  readonly variable: string
  /** `given`; `withheld` because of where the build's code comes from; `missing`; `unknown` where nobody said which
   *  secrets there are. The last three have a reason. Withheld and missing ones are empty variables. */
  readonly state: 'given' | 'withheld' | 'missing' | 'unknown'
  readonly reason: string
}
