import type {
  ChangeQuestion,
  GitSource,
  Logger,
  SourceCommit,
  SourceQuestion,
} from '@waggle/domain'
import { checkHost } from './check-host.ts'
import { readGitAddress, shownAddress } from './git-address.ts'
import { checkCommit, checkPath, checkRef, isCommitId } from './git-ref.ts'
import { openScratch } from './scratch.ts'

export interface GitSourceOptions {
  /** Folders below which local repositories may be read. */
  readonly localFolders: readonly string[]
  readonly log: Logger
  /** For one question as a whole. */
  readonly timeoutMs: number
  /** Whether hosts at loopback and private addresses may be asked. Default: yes, for a git server of one's own
   *  usually is there; link-local and metadata addresses never are. */
  readonly allowPrivateHosts?: boolean
  /** The git program; `git` of the usual folders unless given. */
  readonly program?: string
  /** Most that one fetch may put on disk. */
  readonly sizeLimitBytes?: number
  /** Questions that run git at once; the others wait in line. */
  readonly concurrency?: number
}

/** Plain git as a source (threats.md T-56): each question gets a scratch folder with a bare repository, one ref is
 *  fetched with depth 1 and without the files' contents where the server can leave them out, nothing is checked out
 *  and no hook runs. Commits and files are data; symbolic links are not followed. */
export const createGitSource = (options: GitSourceOptions): GitSource => {
  const line = createLine(options.concurrency ?? 4)
  const ask = async <T>(
    url: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const limit = AbortSignal.timeout(options.timeoutMs)
    const both = signal ? AbortSignal.any([signal, limit]) : limit
    const leave = await line.enter(both)
    const startedAt = performance.now()
    try {
      return await work(both)
    } catch (err) {
      options.log.debug('git source failed', { url: shownAddress(url), err })
      throw err
    } finally {
      leave()
      options.log.debug('git source read', {
        url: shownAddress(url),
        durationMs: Math.round(performance.now() - startedAt),
      })
    }
  }
  return {
    read: (question, signal) =>
      ask(question.url, signal, (both) => readOnce(options, question, both)),
    changedFiles: (question, signal) =>
      ask(question.url, signal, (both) => compareOnce(options, question, both)),
  }
}

const readOnce = (
  options: GitSourceOptions,
  question: SourceQuestion,
  signal: AbortSignal,
): Promise<SourceCommit> => {
  const { commit, ref, path } = normalise(question)
  return inScratch(options, question.url, signal, async (scratch) => {
    const fullRef = commit === '' || ref !== '' ? await scratch.resolveRef(ref, commit) : ''
    const found = await scratch.fetch(fullRef, commit, path !== '')
    const about = await scratch.readCommit(found)
    const file = path === '' ? null : await scratch.readFile(found, path)
    return { ...about, sha: found, ref: fullRef, file }
  })
}

const compareOnce = (
  options: GitSourceOptions,
  { url, ref, before, after }: ChangeQuestion,
  signal: AbortSignal,
): Promise<readonly string[] | null> => {
  if (ref !== '') checkRef(ref)
  for (const commit of [before, after]) checkCommit(commit)
  return inScratch(options, url, signal, async (scratch) => {
    for (const commit of [after, before]) await scratch.fetch(ref, commit.toLowerCase(), true)
    return scratch.compare(before.toLowerCase(), after.toLowerCase())
  })
}

const inScratch = async <T>(
  options: GitSourceOptions,
  url: string,
  signal: AbortSignal,
  work: (scratch: Awaited<ReturnType<typeof openScratch>>) => Promise<T>,
): Promise<T> => {
  const address = await readGitAddress(url, options.localFolders)
  const ip =
    address.protocol === 'file'
      ? ''
      : await checkHost(address.host, { allowPrivate: options.allowPrivateHosts ?? true, signal })
  const scratch = await openScratch({
    address,
    ip,
    program: options.program ?? 'git',
    sizeLimitBytes: options.sizeLimitBytes ?? 256 * 1024 * 1024,
    signal,
  })
  try {
    return await work(scratch)
  } finally {
    await scratch.remove()
  }
}

/** A full id where a ref is expected means the commit. */
const normalise = ({ ref, commit, path }: SourceQuestion) => {
  if (path !== '') checkPath(path)
  if (commit !== '') checkCommit(commit)
  if (commit === '' && isCommitId(ref)) return { commit: ref.toLowerCase(), ref: '', path }
  if (ref !== '') checkRef(ref)
  return { commit: commit.toLowerCase(), ref, path }
}

/** At most `places` inside; the others wait in the order in which they came. */
const createLine = (places: number) => {
  let free = places
  const waiting: (() => void)[] = []
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  return {
    enter: (signal: AbortSignal): Promise<() => void> =>
      new Promise((resolve, reject) => {
        if (free > 0) {
          free--
          return resolve(once(leave))
        }
        const go = () => {
          signal.removeEventListener('abort', giveUp)
          resolve(once(leave))
        }
        const giveUp = () => {
          waiting.splice(waiting.indexOf(go), 1)
          reject(signal.reason)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.push(go)
      }),
  }
}

const once = (action: () => void): (() => void) => {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    action()
  }
}
