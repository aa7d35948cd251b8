import type { Build, Repo, Secret } from '@waggle/domain'

/** Where the code of a build comes from: what it may have depends on it (threats.md C.1).
 *
 *  own           pushed by a writer: branch, tag, cron, promotion
 *  pull_request  from a branch of the same repository
 *  fork          from another repository, or from one that nobody named */
export type Origin = 'own' | 'pull_request' | 'fork'

type OriginFacts = Pick<Build, 'event' | 'ref' | 'sourceRepo'>

const requestRefs = ['refs/pull/', 'refs/pull-requests/', 'refs/merge-requests/']

/** The origin of what a build runs, whoever started it: a call for a pull request's ref is a pull request. */
export const originOf = (build: OriginFacts, repo: Pick<Repo, 'slug'>): Origin => {
  const isRequest =
    build.event === 'pull_request' || requestRefs.some((prefix) => build.ref.startsWith(prefix))
  if (!isRequest) return 'own'
  return build.sourceRepo.toLowerCase() === repo.slug.toLowerCase() ? 'pull_request' : 'fork'
}

/** Whether a build of this origin may have the secret. A fork gets none: no secret can be marked for forks yet. */
export const mayHaveSecret = (origin: Origin, secret: Pick<Secret, 'pullRequest'>): boolean => {
  switch (origin) {
    case 'own':
      return true
    case 'pull_request':
      return secret.pullRequest
    case 'fork':
      return false
    default:
      return origin satisfies never
  }
}
