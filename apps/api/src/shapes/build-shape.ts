import { type Build, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.4. `stages`, and Waggle's own `skipped`, `warnings`, `approved_by`, `ended_by` and
 *  `end_reason`, only on the endpoints that say so. */
export const buildShape = (
  build: Build,
  more: {
    readonly stages?: readonly object[]
    readonly skipped?: readonly object[]
    readonly warnings?: readonly object[]
    readonly approved_by?: string
    readonly ended_by?: string
    readonly end_reason?: string
  } = {},
) => ({
  id: build.id,
  repo_id: build.repoId,
  trigger: build.trigger,
  number: build.number,
  ...optional({ parent: build.parent }),
  status: build.status,
  ...optional({ error: build.error }),
  event: build.event,
  action: build.action,
  link: build.link,
  timestamp: 0,
  ...optional({ title: build.title }),
  message: build.message,
  before: build.before,
  after: build.after,
  ref: build.ref,
  source_repo: build.sourceRepo,
  source: build.source,
  target: build.target,
  author_login: build.author,
  author_name: build.authorName,
  author_email: build.authorEmail,
  author_avatar: build.authorAvatar,
  sender: build.sender,
  ...optional({
    params: build.params,
    cron: build.cron,
    deploy_to: build.deployTo,
    deploy_id: build.deployId,
    debug: build.debug,
  }),
  started: toUnixSeconds(build.startedAt),
  finished: toUnixSeconds(build.finishedAt),
  created: toUnixSeconds(build.createdAt),
  updated: toUnixSeconds(build.updatedAt),
  version: build.version,
  ...more,
})
