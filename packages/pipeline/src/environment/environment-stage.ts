import { type Given, toUnixSeconds } from '@waggle/domain'
import { isFailing } from './environment-build.ts'

/** What of a stage changes while it runs. */
export interface StageMoment {
  readonly status: string
  /** 0 = not started. */
  readonly startedAt: number
  /** Names of the steps that count as failed, in order. */
  readonly failedSteps: readonly string[]
  readonly nowMs: number
}

/** Stage variables (environment.md §6, §17). */
export const stageEnvironment = (
  { stage }: Pick<Given, 'stage'>,
  moment: StageMoment,
): Record<string, string> => {
  const now = String(toUnixSeconds(moment.nowMs))
  const isFailed = isFailing(moment.status) || moment.failedSteps.length > 0
  return {
    DRONE_STAGE_KIND: stage.kind,
    DRONE_STAGE_TYPE: stage.type,
    DRONE_STAGE_NAME: stage.name,
    DRONE_STAGE_NUMBER: String(stage.number),
    DRONE_STAGE_MACHINE: stage.machine,
    DRONE_STAGE_OS: stage.os || 'linux',
    DRONE_STAGE_ARCH: stage.arch || 'amd64',
    DRONE_STAGE_VARIANT: stage.variant,
    DRONE_STAGE_VERSION: String(stage.version),
    DRONE_STAGE_STATUS: isFailed ? 'failure' : 'success',
    DRONE_STAGE_STARTED: String(toUnixSeconds(moment.startedAt) || now),
    DRONE_STAGE_FINISHED: now,
    DRONE_STAGE_DEPENDS_ON: stage.dependsOn.join(','),
    DRONE_CARD_PATH: '/dev/stdout',
    ...(isFailed ? { DRONE_FAILED_STEPS: moment.failedSteps.join(',') } : {}),
  }
}
