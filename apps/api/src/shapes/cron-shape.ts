import { type Cron, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.9. `timezone`, `last_build`, `error` are Waggle's own. */
export const cronShape = (cron: Cron) => ({
  id: cron.id,
  repo_id: cron.repoId,
  name: cron.name,
  expr: cron.expr,
  next: toUnixSeconds(cron.nextAt),
  prev: toUnixSeconds(cron.prevAt),
  event: 'push',
  branch: cron.branch,
  ...optional({ target: cron.target, timezone: cron.timeZone }),
  disabled: cron.disabled,
  ...optional({ last_build: cron.lastBuild, error: cron.lastError }),
  created: toUnixSeconds(cron.createdAt),
  updated: toUnixSeconds(cron.updatedAt),
  version: cron.version,
})
