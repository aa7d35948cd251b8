import type { Given } from '@waggle/domain'
import { quotePosix } from './script-posix.ts'

/** The commands of the clone step of an exec pipeline (pipeline.md §6). Every value is one quoted word, and
 *  none can be read as an option. */
export const execCloneCommands = ({ build, repo }: Given): string[] => {
  const remote = quotePosix(build.cloneUrl || repo.gitHttpUrl || repo.gitSshUrl)
  const start = ['git init --quiet', `git remote add -- origin ${remote}`]
  const fetch = (spec: string): string => `git fetch --quiet -- origin ${quotePosix(spec)}`
  if (build.ref.startsWith('refs/tags/')) {
    return [...start, fetch(`+${build.ref}:`), 'git checkout --quiet --force FETCH_HEAD']
  }
  const branch = build.target || branchOf(build.ref)
  // What is no commit id could be read as an option.
  const commit = /^[0-9a-f]{7,64}$/.test(build.after) ? build.after : 'FETCH_HEAD'
  if (branch === '')
    return [...start, fetch(build.ref || 'HEAD'), `git checkout --quiet --detach ${commit}`]
  const fetchBranch = fetch(`+refs/heads/${branch}:`)
  const checkout = (at: string): string => `git checkout --quiet -B ${quotePosix(branch)} ${at} --`
  if (!isPullRequest(build.ref)) return [...start, fetchBranch, checkout(commit)]
  return [
    ...start,
    fetchBranch,
    checkout('FETCH_HEAD'),
    fetch(`${build.ref}:`),
    `git merge --quiet --no-edit ${commit}`,
  ]
}

const branchOf = (ref: string): string =>
  ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ''

const isPullRequest = (ref: string): boolean =>
  ['refs/pull/', 'refs/pull-requests/', 'refs/merge-requests/'].some((prefix) =>
    ref.startsWith(prefix),
  )
