import type { Given } from '@waggle/domain'
import { buildEnvironment } from './environment-build.ts'
import { stageEnvironment } from './environment-stage.ts'
import { safeEnvironment } from './safe-environment.ts'

export interface RefreshState {
  /** Status of the worker's copy of the build. */
  readonly buildStatus: string
  readonly stageStatus: string
  readonly stageStartedAt: number
  /** Names of the failed steps that count, in order (environment.md §17). */
  readonly failedSteps: readonly string[]
  readonly step: { readonly name: string; readonly number: number } | null
  readonly nowMs: number
}

/** The variables that are made anew just before a step starts: layers 17 to 19 of environment.md §2. They overlay
 *  what was compiled, whatever the file says. */
export const refreshEnvironment = (given: Given, state: RefreshState): Record<string, string> =>
  safeEnvironment({
    ...buildEnvironment(given, { status: state.buildStatus, nowMs: state.nowMs }),
    ...stageEnvironment(given, {
      status: state.stageStatus,
      startedAt: state.stageStartedAt,
      failedSteps: state.failedSteps,
      nowMs: state.nowMs,
    }),
    ...(state.step === null
      ? {}
      : { DRONE_STEP_NAME: state.step.name, DRONE_STEP_NUMBER: String(state.step.number) }),
  })
