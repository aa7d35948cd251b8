import { type Given, isFailed, toUnixSeconds } from '@waggle/domain'
import { calverVariables } from './calver.ts'
import { semverVariables } from './semver.ts'

/** What of a build changes while a stage runs. */
export interface BuildMoment {
  /** Status as recorded: `pending`, `running`, `failure` … */
  readonly status: string
  readonly nowMs: number
}

/** Build variables (environment.md §5, §13, §17). */
export const buildEnvironment = (given: Given, moment: BuildMoment): Record<string, string> => {
  const { build } = given
  const now = toUnixSeconds(moment.nowMs)
  const started = toUnixSeconds(build.startedAt)
  const finished = toUnixSeconds(build.finishedAt)
  return {
    DRONE_BUILD_NUMBER: String(build.number),
    DRONE_BUILD_PARENT: String(build.parent),
    DRONE_BUILD_EVENT: build.event,
    DRONE_BUILD_ACTION: build.action,
    DRONE_BUILD_TRIGGER: build.trigger,
    DRONE_BUILD_DEBUG: String(build.debug),
    DRONE_BUILD_CREATED: String(toUnixSeconds(build.createdAt)),
    DRONE_BUILD_STARTED: String(started || now),
    DRONE_BUILD_FINISHED: String(finished || now),
    DRONE_BRANCH: build.target,
    DRONE_TARGET_BRANCH: build.target,
    DRONE_COMMIT_BRANCH: build.target,
    DRONE_SOURCE_BRANCH: build.source,
    DRONE_COMMIT: build.after,
    DRONE_COMMIT_SHA: build.after,
    DRONE_COMMIT_AFTER: build.after,
    DRONE_COMMIT_BEFORE: build.before,
    DRONE_COMMIT_REF: build.ref,
    DRONE_COMMIT_LINK: build.link,
    DRONE_COMMIT_MESSAGE: build.message,
    DRONE_COMMIT_AUTHOR: build.author,
    DRONE_COMMIT_AUTHOR_NAME: build.authorName,
    DRONE_COMMIT_AUTHOR_EMAIL: build.authorEmail,
    DRONE_COMMIT_AUTHOR_AVATAR: build.authorAvatar,
    DRONE_DEPLOY_TO: build.deployTo,
    DRONE_DEPLOY_ID: String(build.deployId),
    ...statusVariables(given, moment.status),
    ...pullRequestVariables(given),
    ...tagVariables(build.ref),
    CI_BUILD_NUMBER: String(build.number),
    CI_PARENT_BUILD_NUMBER: String(build.parent),
    CI_BUILD_CREATED: String(toUnixSeconds(build.createdAt)),
    CI_BUILD_STARTED: String(started),
    CI_BUILD_FINISHED: String(finished),
    CI_BUILD_STATUS: moment.status,
    CI_BUILD_EVENT: build.event,
    CI_BUILD_LINK: build.link,
    CI_BUILD_TARGET: build.deployTo,
    CI_COMMIT_SHA: build.after,
    CI_COMMIT_REF: build.ref,
    CI_COMMIT_BRANCH: build.target,
    CI_COMMIT_MESSAGE: build.message,
    CI_COMMIT_AUTHOR: build.author,
    CI_COMMIT_AUTHOR_NAME: build.authorName,
    CI_COMMIT_AUTHOR_EMAIL: build.authorEmail,
    CI_COMMIT_AUTHOR_AVATAR: build.authorAvatar,
  }
}

/** Siblings count as they were when the stage was handed out. */
const statusVariables = (given: Given, status: string): Record<string, string> => {
  const failedStages = given.siblings
    .filter((sibling) => isFailed(sibling.status))
    .map((sibling) => sibling.name)
  if (!isFailing(status) && failedStages.length === 0) return { DRONE_BUILD_STATUS: 'success' }
  return { DRONE_BUILD_STATUS: 'failure', DRONE_FAILED_STAGES: failedStages.join(',') }
}

const pullRequestVariables = ({ build }: Given): Record<string, string> =>
  build.event === 'pull_request'
    ? {
        DRONE_PULL_REQUEST: /[0-9]+/.exec(build.ref)?.[0] ?? '',
        DRONE_PULL_REQUEST_TITLE: build.title,
      }
    : {}

const tagVariables = (ref: string): Record<string, string> => {
  const prefix = 'refs/tags/'
  if (!ref.startsWith(prefix)) return {}
  const tag = ref.slice(prefix.length)
  return { DRONE_TAG: tag, ...semverVariables(tag), ...calverVariables(tag) }
}

/** "Failing status" of environment.md §17. */
export const isFailing = (status: string): boolean =>
  status === 'failure' || status === 'error' || status === 'killed'
