import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invalid, notFound, type SourceCommit, unavailable } from '@waggle/domain'
import { withoutControl } from './control-characters.ts'
import { type GitAddress, shownAddress } from './git-address.ts'
import { gitConfiguration, gitEnvironment } from './git-environment.ts'
import { type GitRun, runGit } from './git-process.ts'

export interface ScratchOptions {
  readonly address: GitAddress
  /** The address that was checked; http is bound to it. Empty for local repositories. */
  readonly ip: string
  readonly program: string
  readonly sizeLimitBytes: number
  readonly signal: AbortSignal
}

const fileLimitBytes = 1024 * 1024
const refListLimitBytes = 256 * 1024
const changedLimitBytes = 64 * 1024
/** How far back a commit is looked for where the server does not give it by its id. */
const searchDepth = 1_000

/** A folder for one question: an empty home with git's whole configuration, and an empty bare repository. */
export const openScratch = async (options: ScratchOptions) => {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-git-'))
  const scratch = new Scratch(folder, options)
  try {
    await scratch.init()
    return scratch
  } catch (error) {
    await scratch.remove()
    throw error
  }
}

class Scratch {
  readonly #folder: string
  readonly #repository: string
  readonly #options: ScratchOptions

  constructor(folder: string, options: ScratchOptions) {
    this.#folder = folder
    this.#repository = join(folder, 'repository.git')
    this.#options = options
  }

  async init(): Promise<void> {
    await mkdir(join(this.#folder, 'home'))
    const { address, ip } = this.#options
    await writeFile(join(this.#folder, 'gitconfig'), gitConfiguration(address, ip), { mode: 0o600 })
    const made = await this.#git(['init', '--quiet', '--bare', '--template=', this.#repository])
    if (made.code !== 0) throw this.#failed('cannot make a repository', made)
  }

  /** The full name of a ref; without one, of the branch that HEAD points at. A full name with a known commit is
   *  taken as it is. Throws `not_found`. */
  async resolveRef(ref: string, commit: string): Promise<string> {
    if (ref.startsWith('refs/')) return ref
    if (ref === '' && commit !== '') return ''
    const wanted = ref === '' ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
    const run = await this.#git(
      ['ls-remote', '--quiet', '--symref', '--', this.#options.address.url, ...wanted],
      refListLimitBytes,
    )
    if (run.code !== 0 && !run.isCut) throw this.#unreachable(run)
    const lines = run.stdout.toString('utf8').split('\n')
    if (ref === '') {
      const head = lines.map((line) => /^ref: (\S+)\tHEAD$/.exec(line)?.[1]).find(Boolean)
      if (head === undefined) throw notFound('git_ref', 'git: the repository has no commits')
      return head
    }
    const names = new Set(lines.map((line) => line.split('\t')[1]))
    const found = wanted.find((name) => names.has(name))
    if (found === undefined) throw notFound('git_ref', `git: no branch or tag "${ref}"`)
    return found
  }

  /** Fetches the commit, or the head of the ref, and gives its full id. */
  async fetch(ref: string, commit: string, withFile: boolean): Promise<string> {
    // Contents are fetched one by one when they are read; without a file not even the folders are needed.
    const filter = withFile ? 'blob:none' : 'tree:0'
    const first = await this.#fetch(commit || ref, 1, filter)
    if (first.code === 0) return this.#head(commit)
    if (commit === '') throw this.#missing(first, ref)
    // The server does not give commits by their id: look for it on its ref.
    if (ref === '') throw this.#missing(first, commit)
    const second = await this.#fetch(ref, searchDepth, filter)
    if (second.code !== 0) throw this.#missing(second, ref)
    const known = await this.#git(['cat-file', '-e', `${commit}^{commit}`])
    if (known.code !== 0) throw this.#missing(first, commit)
    return commit
  }

  async readCommit(
    commit: string,
  ): Promise<Pick<SourceCommit, 'message' | 'authorName' | 'authorEmail'>> {
    const format = '--format=%an%x00%ae%x00%B'
    const run = await this.#git(['log', '-1', '-s', '--no-notes', format, commit], fileLimitBytes)
    if (run.code !== 0 && !run.isCut) throw this.#failed('cannot read the commit', run)
    const [authorName = '', authorEmail = '', ...message] = run.stdout.toString('utf8').split('\0')
    return { authorName, authorEmail, message: message.join('').trim() }
  }

  /** Text of a file at the commit; `null` where there is none. */
  async readFile(commit: string, path: string): Promise<string | null> {
    const listed = await this.#git(['ls-tree', '-z', commit, '--', path], refListLimitBytes)
    if (listed.code !== 0) throw this.#failed('cannot read the commit', listed)
    // "<mode> <type> <id>\t<path>"
    const entry = /^(\d{6}) (\w+) ([0-9a-f]+)\t/.exec(listed.stdout.toString('latin1'))
    if (!entry) return null
    if (entry[2] !== 'blob' || !entry[1]?.startsWith('100'))
      throw invalid('git_file', `git: "${path}" is not a regular file`)
    const run = await this.#git(['cat-file', 'blob', entry[3] ?? ''], fileLimitBytes)
    if (run.isCut) throw invalid('git_file', `git: "${path}" is larger than 1 MiB`)
    if (run.code !== 0) throw this.#failed(`cannot read "${path}"`, run)
    return run.stdout.toString('utf8')
  }

  /** Paths that differ between two fetched commits; `null` when there are more than fit. Reads folders only, no
   *  contents. */
  async compare(before: string, after: string): Promise<readonly string[] | null> {
    const run = await this.#git(
      ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-ext-diff', before, after],
      changedLimitBytes,
    )
    if (run.isCut) return null
    if (run.code !== 0) throw this.#failed('cannot compare the commits', run)
    return run.stdout.toString('utf8').split('\0').slice(0, -1)
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #head(commit: string): Promise<string> {
    if (commit !== '') return commit
    const run = await this.#git(['rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}'])
    const id = run.stdout.toString('latin1').trim()
    if (run.code !== 0 || id === '') throw notFound('git_ref', 'git: the ref is not of a commit')
    return id
  }

  #fetch(wanted: string, depth: number, filter: string): Promise<GitRun> {
    return this.#git([
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-write-commit-graph',
      '--no-auto-gc',
      `--depth=${depth}`,
      `--filter=${filter}`,
      '--',
      'origin',
      wanted,
    ])
  }

  async #git(args: readonly string[], stdoutLimitBytes = 64 * 1024): Promise<GitRun> {
    const tooLarge = new AbortController()
    const watch = setInterval(() => {
      void folderBytes(this.#repository).then((bytes) => {
        if (bytes > this.#options.sizeLimitBytes)
          tooLarge.abort(invalid('git_size', 'git: the commit is too large to fetch'))
      })
    }, 200)
    try {
      const inside = args[0] === 'init' ? [] : ['--git-dir', this.#repository]
      return await runGit([...inside, ...args], {
        program: this.#options.program,
        folder: this.#folder,
        environment: gitEnvironment(this.#folder, this.#options.address),
        stdoutLimitBytes,
        signal: AbortSignal.any([this.#options.signal, tooLarge.signal]),
      })
    } finally {
      clearInterval(watch)
    }
  }

  #missing(run: GitRun, wanted: string) {
    const isUnknown =
      run.stderr.includes("couldn't find remote ref") ||
      run.stderr.includes('not our ref') ||
      run.stderr.includes('unadvertised object')
    return isUnknown
      ? notFound('git_ref', `git: "${wanted}" is not in ${shownAddress(this.#options.address.url)}`)
      : this.#unreachable(run)
  }

  #unreachable(run: GitRun) {
    const where = shownAddress(this.#options.address.url)
    return unavailable('git_unreachable', `git: cannot read ${where}: ${reason(run.stderr)}`)
  }

  #failed(what: string, run: GitRun) {
    return unavailable('git_failed', `git: ${what}: ${reason(run.stderr)}`)
  }
}

/** The line of git's words that says most: its first `fatal:` or `error:`, without control characters. */
const reason = (stderr: string): string => {
  const lines = stderr.split('\n').map((line) => withoutControl(line).trim())
  const telling = lines.find((line) => /^(fatal|error|remote|ssh):/.test(line))
  const text = telling ?? lines.find((line) => line !== '') ?? 'no reason given'
  return text.replace(/^(fatal|error): /, '').slice(0, 300)
}

const folderBytes = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
