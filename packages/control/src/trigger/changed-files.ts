import type { Hook } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import type { SubmitRequest } from './submit-request.ts'

/** Most files, and characters of their paths in all, that a build remembers as changed. */
const mostFiles = 5_000
const mostCharacters = 64 * 1024

const commitId = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/i
const zeros = /^0+$/

/** The list, if it is one that a build can remember. With too many files nobody knows which ones changed: conditions
 *  on paths are not evaluated then, so that rather too much is built than too little. */
export const boundChangedFiles = (
  files: readonly string[] | undefined | null,
): readonly string[] | undefined => {
  if (!files || files.length > mostFiles) return undefined
  const characters = files.reduce((sum, file) => sum + file.length, 0)
  return characters > mostCharacters ? undefined : files.map((file) => file.toWellFormed())
}

/** The hook, with the files that it changed where its manifest asks for them and git can tell: those that differ
 *  between the commits before and after. A request's `before` is the head of its target, so the list may name files
 *  that changed there since. */
export const completeChangedFiles = async (
  { source, log }: Pick<ControlDeps, 'source' | 'log'>,
  { cloneUrl, repo, resolve }: Pick<SubmitRequest, 'cloneUrl' | 'repo' | 'resolve'>,
  hook: Hook,
  readsPaths: boolean,
  signal?: AbortSignal,
): Promise<Hook> => {
  if (hook.changedFiles !== undefined || !resolve || cloneUrl === '') return hook
  if (!isComparable(hook) || !readsPaths) return hook
  const { ref, before, after } = hook
  try {
    const files = await source.changedFiles({ url: cloneUrl, ref, before, after }, signal)
    return { ...hook, changedFiles: boundChangedFiles(files) }
  } catch (err) {
    // A branch that was pushed by force may have left its old commit behind: no reason for no build.
    log.warn('changed files are not known', { 'repo.slug': repo.slug, err })
    return hook
  }
}

/** A new branch has no commit before. What is no change of files is compared with nothing. */
const isComparable = ({ event, before, after }: Hook): boolean =>
  (event === 'push' || event === 'pull_request') &&
  [before, after].every((commit) => commitId.test(commit) && !zeros.test(commit))
