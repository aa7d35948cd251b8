import type { Build } from './build.ts'
import type { Repo } from './repo.ts'

/** Where the code of a build comes from: what it may have depends on it (threats.md C.1).
 *
 *  own           pushed by a writer: branch, tag, cron, promotion
 *  pull_request  from a branch of the same repository
 *  fork          from another repository, or from one that nobody named */
export type Origin = 'own' | 'pull_request' | 'fork'

type OriginFacts = Pick<Build, 'event' | 'ref' | 'sourceRepo'>

const requestRefs = [
  'refs/pull/',
  'refs/pull-requests/',
  'refs/pull-request/',
  'refs/merge-requests/',
]

/** The origin of what a build runs, whoever started it: a call for a pull request's ref is a pull request, and so is
 *  the promotion or restart of one, which keeps its source repository. */
export const originOf = (build: OriginFacts, repo: Pick<Repo, 'slug'>): Origin => {
  const isRequest =
    build.event === 'pull_request' ||
    build.sourceRepo !== '' ||
    requestRefs.some((prefix) => build.ref.startsWith(prefix))
  if (!isRequest) return 'own'
  return build.sourceRepo.toLowerCase() === repo.slug.toLowerCase() ? 'pull_request' : 'fork'
}

/** What of a secret says who may have it. */
export interface Exposure {
  /** Builds of the repository's own pull requests. */
  readonly pullRequest: boolean
  /** Builds of pull requests from forks, once somebody approved them. */
  readonly forks: boolean
}

/** Whether a build of this origin may have the secret. */
export const mayHaveSecret = (origin: Origin, secret: Exposure): boolean => {
  switch (origin) {
    case 'own':
      return true
    case 'pull_request':
      return secret.pullRequest
    case 'fork':
      return secret.forks
    default:
      return origin satisfies never
  }
}
