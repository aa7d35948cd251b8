import { type Hook, isWaggleError, type SourceCommit } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { askConfig } from '../extensions/ask-config.ts'
import { isUsersMistake } from '../is-users-mistake.ts'
import { convertManifest } from './convert-manifest.ts'
import { boundHook } from './new-build.ts'
import type { SubmitRequest } from './submit-request.ts'

export interface ReadSource {
  /** The hook, completed with what the commit says. */
  readonly hook: Hook
  readonly text: string
  /** What the user has to hear instead of a build that runs; `null` = nothing. */
  readonly error: string | null
  /** The commit has no pipeline file, so there is nothing to build (quirk S11); `error` says so. */
  readonly hasNoFile?: boolean
}

const zeros = /^0{40,64}$/

/** Looks up the commit, fetches the manifest as far as the request asks for it, and converts it (scheduling.md §3.4 to
 *  §3.6). */
export const readSource = async (
  deps: Pick<ControlDeps, 'source' | 'converter' | 'database' | 'extensions'>,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<ReadSource> => {
  const read = await findSource(deps, request, signal)
  return read.error === null ? convertManifest(deps, request, read, signal) : read
}

/** The configuration extension comes before the repository's file (scheduling.md §3.5). It is told the commit: where
 *  that has to be looked up, the file is read with it, and only counts where the extension has none. */
const findSource = async (
  deps: Pick<ControlDeps, 'source' | 'extensions'>,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<ReadSource> => {
  const { hook } = request
  const hasCommit = hook.after !== '' && !zeros.test(hook.after)
  // A message that nobody sent is looked up too, as far as that can be done (scheduling.md §3.4).
  const isComplete = hook.message !== '' || request.cloneUrl === ''
  const isKnown = !request.resolve && hasCommit && isComplete
  if (isKnown) {
    const text = await askConfig(deps, request, hook, signal)
    return text === null ? fetchSource(deps, request, signal) : { hook, text, error: null }
  }
  const read = await fetchSource(deps, request, signal)
  if (read.hook.after === '' || zeros.test(read.hook.after)) return read
  const text = await askConfig(deps, request, read.hook, signal)
  return text === null ? read : { hook: read.hook, text, error: null }
}

const fetchSource = async (
  deps: Pick<ControlDeps, 'source'>,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<ReadSource> => {
  const { hook, manifest, repo } = request
  const text = manifest === 'fetch' ? '' : manifest.text
  if (!request.resolve && manifest !== 'fetch') return { hook, text, error: null }
  if (request.cloneUrl === '')
    return { hook, text, error: 'configuration: the repository has no address to read from' }
  const path = manifest === 'fetch' ? repo.configPath : ''
  let commit: SourceCommit
  try {
    const known = zeros.test(hook.after) ? '' : hook.after
    const question = { url: request.cloneUrl, ref: hook.ref, commit: known, path }
    commit = await deps.source.read(question, signal)
  } catch (error) {
    if (!isUsersMistake(error) || (request.mustExist && isOfRef(error))) throw error
    return { hook, text, error: `configuration: ${(error as Error).message}` }
  }
  const completed = boundHook(complete(hook, commit))
  if (manifest === 'fetch' && commit.file === null)
    return {
      hook: completed,
      text,
      hasNoFile: true,
      error: `configuration: ${path} is not in the repository at commit ${commit.sha.slice(0, 12)}`,
    }
  return { hook: completed, text: commit.file ?? text, error: null }
}

/** The repository has no such ref or commit, or nothing can be called so. */
const isOfRef = (error: unknown): boolean =>
  isWaggleError(error) && (error.code === 'git_ref' || error.code === 'git_commit')

/** Fills in what the hook left open; what it said stays. */
export const complete = (hook: Hook, commit: SourceCommit): Hook => {
  const ref = hook.ref.startsWith('refs/') ? hook.ref : commit.ref || hook.ref
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ''
  return {
    ...hook,
    after: commit.sha,
    // A custom build is of one commit: it has been there before it as well (environment.md §15).
    before: hook.before || (hook.event === 'custom' ? commit.sha : ''),
    ref,
    // A cron has a target alone, and so has what is promoted from one.
    source: hook.source || (hook.event === 'cron' || hook.cron !== '' ? '' : branch),
    target: hook.target || branch,
    message: hook.message || commit.message,
    author: hook.author || commit.authorName,
    authorName: hook.authorName || commit.authorName,
    authorEmail: hook.authorEmail || commit.authorEmail,
  }
}
