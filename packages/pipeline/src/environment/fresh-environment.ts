import type { Given, StepStatus } from '@waggle/domain'
import { isFailing } from './environment-build.ts'
import { refreshEnvironment } from './refresh-environment.ts'

/** What is known of a stage just before one of its steps starts. */
export interface StepMoment {
  readonly step: { readonly name: string; readonly number: number }
  readonly stage: {
    /** As the state machine has it: of the first step that ended it, else `running`. */
    readonly status: string
    readonly steps: readonly {
      readonly name: string
      readonly status: StepStatus
      readonly errIgnore: boolean
    }[]
  }
  readonly stageStartedAt: number
  readonly nowMs: number
}

/** The variables that are made anew for one step. The worker's copy of the build fails with its stage (environment.md
 *  §17); until then its status is the one that the build was handed out with (§13). */
export const freshEnvironment = (
  given: Given,
  { step, stage, stageStartedAt, nowMs }: StepMoment,
): Record<string, string> =>
  refreshEnvironment(given, {
    buildStatus: isFailing(stage.status) ? stage.status : given.build.status,
    stageStatus: stage.status,
    stageStartedAt,
    failedSteps: stage.steps.filter(countsAsFailed).map(({ name }) => name),
    step: { name: step.name, number: step.number },
    nowMs,
  })

/** An ignored step counts where it could not be run, not where it merely failed. */
const countsAsFailed = ({
  status,
  errIgnore,
}: Pick<StepMoment['stage']['steps'][number], 'status' | 'errIgnore'>): boolean =>
  isFailing(status) && !(errIgnore && status === 'failure')
