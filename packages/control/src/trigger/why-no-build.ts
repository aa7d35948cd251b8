import type { Hook, Repo } from '@waggle/domain'
import { skipDirective } from './skip-directive.ts'

type Ignoring = Pick<Repo, 'slug'> &
  Partial<Pick<Repo, 'active' | 'ignoreForks' | 'ignorePullRequests'>>

/** Why a hook asks for no build, before anything is read; `null` when it does (pipeline.md §11.1, scheduling.md §3.2,
 *  §3.3). */
export const whyNoBuild = (
  hook: Pick<Hook, 'event' | 'message' | 'title' | 'fork'>,
  repo: Ignoring,
): string | null => {
  const directive = skipDirective(hook)
  if (directive !== null) return `skip directive ${directive} in the message or title`
  if (repo.active === false) return 'the repository is not active'
  if (hook.event !== 'pull_request') return null
  if (repo.ignorePullRequests) return 'the repository ignores pull requests'
  // A head repository that nobody names is another one.
  const isFork = hook.fork.toLowerCase() !== repo.slug.toLowerCase()
  return isFork && repo.ignoreForks ? 'the repository ignores pull requests of forks' : null
}
