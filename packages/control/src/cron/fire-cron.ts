import {
  type Cron,
  isWaggleError,
  makeHook,
  notFound,
  type Repo,
  type SourceCommit,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import type { SubmitResult } from '../trigger/submit-request.ts'
import { submitBuild } from '../trigger/trigger.ts'

export interface CronRun {
  /** A repeat with the same key gives the first build. */
  readonly deliveryKey?: string
}

/** Builds the head of the cron's branch (scheduling.md §11, steps 2 to 4). Throws what keeps it from a build:
 *  `conflict` `repo_inactive`, `not_found`, whatever reading the repository gives. */
export const fireCron = async (
  deps: ControlDeps,
  repo: Repo,
  cron: Cron,
  run: CronRun = {},
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  const ref = `refs/heads/${cron.branch}`
  const commit = await readHead(deps, repo, ref, signal)
  const { sha, authorName, authorEmail, message } = commit
  return submitBuild(
    deps,
    {
      repo,
      cloneUrl: repo.gitHttpUrl,
      manifest: 'fetch',
      resolve: true,
      ...run,
      hook: makeHook({
        trigger: '@cron',
        event: 'cron',
        cron: cron.name,
        ref,
        target: cron.branch,
        after: sha,
        message,
        author: authorName,
        authorName,
        authorEmail,
        sender: authorName,
      }),
    },
    signal,
  )
}

const readHead = async (
  { source }: Pick<ControlDeps, 'source'>,
  repo: Repo,
  ref: string,
  signal?: AbortSignal,
): Promise<SourceCommit> => {
  if (repo.gitHttpUrl === '')
    throw notFound('no_git_address', 'The repository has no address to read from.')
  const question = { url: repo.gitHttpUrl, ref, commit: '', path: '' }
  try {
    return await source.read(question, signal)
  } catch (error) {
    // A name that git would not take is no branch that is there.
    if (isWaggleError(error, 'invalid')) throw notFound(error.code, error.message, { cause: error })
    throw error
  }
}
