import type { Secret } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.8. The value is never read back (threats.md T-11). */
export const secretShape = (secret: Secret) =>
  optional({
    id: secret.id,
    repo_id: secret.repoId,
    name: secret.name,
    pull_request: secret.pullRequest,
    pull_request_push: secret.pullRequestPush,
  })
