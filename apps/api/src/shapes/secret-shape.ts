import type { OrgSecret, Secret } from '@waggle/domain'
import { optional } from './optional.ts'

/** rest-api.md §6.8. The value is never read back (threats.md T-11). */
export const secretShape = (secret: Secret) =>
  optional({ id: secret.id, repo_id: secret.repoId, ...exposure(secret) })

export const orgSecretShape = (secret: OrgSecret) =>
  optional({ id: secret.id, namespace: secret.namespace, ...exposure(secret) })

const exposure = (secret: Pick<Secret, 'name' | 'pullRequest' | 'pullRequestPush' | 'forks'>) => ({
  name: secret.name,
  pull_request: secret.pullRequest,
  pull_request_push: secret.pullRequestPush,
  forks: secret.forks,
})
