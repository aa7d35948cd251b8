import { spawn } from 'node:child_process'
import { internal, timedOut, unavailable } from '@waggle/domain'

export interface GitRun {
  readonly code: number
  readonly stdout: Buffer
  /** First 8 KiB. */
  readonly stderr: string
  /** Whether `stdout` was longer than its limit; the child was killed then. */
  readonly isCut: boolean
}

export interface GitProcessOptions {
  readonly program: string
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly stdoutLimitBytes: number
  readonly signal: AbortSignal
}

/** Runs git once, without a shell, in a process group of its own so that its helpers (git-remote-https, ssh) die with
 *  it when the signal fires. Throws when git cannot be started, or with the signal's reason. */
export const runGit = (args: readonly string[], options: GitProcessOptions): Promise<GitRun> =>
  new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(reasonOf(options.signal))
    const child = spawn(options.program, args, {
      cwd: options.folder,
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      shell: false,
    })
    const kill = () => {
      if (child.pid === undefined || child.exitCode !== null) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group is gone already.
      }
    }
    options.signal.addEventListener('abort', kill, { once: true })
    const out: Buffer[] = []
    let outBytes = 0
    let isCut = false
    child.stdout.on('data', (chunk: Buffer) => {
      outBytes += chunk.length
      if (outBytes <= options.stdoutLimitBytes) out.push(chunk)
      else {
        isCut = true
        kill()
      }
    })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 8_192) stderr += chunk.toString('latin1').slice(0, 8_192 - stderr.length)
    })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      options.signal.removeEventListener('abort', kill)
      reject(
        cause.code === 'ENOENT'
          ? unavailable('git_missing', 'git: the program is not installed on the server', { cause })
          : internal('git_start', 'git: could not be started', { cause }),
      )
    })
    child.once('close', (code) => {
      options.signal.removeEventListener('abort', kill)
      // Helpers may outlive a git that failed; nobody reads them any more.
      kill()
      if (options.signal.aborted) return reject(reasonOf(options.signal))
      resolve({ code: code ?? 1, stdout: Buffer.concat(out), stderr, isCut })
    })
  })

const reasonOf = (signal: AbortSignal): unknown =>
  signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
    ? timedOut('git_timeout', 'git: took too long')
    : signal.reason
