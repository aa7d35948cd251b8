import { spawn } from 'node:child_process'
import { unavailable } from '@waggle/domain'

export interface ConfinedRun {
  /** `null`: ended by a signal. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  /** First 16 KiB. */
  readonly stderr: string
  /** Why it was killed by us. */
  readonly killed: 'output' | 'time' | null
}

export interface ConfinedOptions {
  readonly folder: string
  readonly stdoutLimitBytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** What one converter may use (threats.md T-45). */
export const confinement = { cpuSeconds: 2, memoryBytes: 256 * 1024 * 1024, openFiles: 64 } as const

const stderrLimit = 16 * 1024

// Set in the child before the program starts, for it and all that it starts: processor time, core dumps, bytes
// written to files, open files and, where the kernel knows it, memory. Each that fails ends the child.
const limits = (): string => {
  const lines = [
    `ulimit -t ${confinement.cpuSeconds}`,
    'ulimit -c 0',
    'ulimit -f 0',
    `ulimit -n ${confinement.openFiles}`,
  ]
  // macOS refuses a limit on address space.
  if (process.platform === 'linux') lines.push(`ulimit -v ${confinement.memoryBytes / 1024}`)
  return `${lines.map((line) => `${line} || exit 125`).join('; ')}; exec "$@"`
}

/** Runs a program once as a killable child: own process group, empty environment, own folder, limits on processor,
 *  memory, output and wall clock, no writing to files, and no network where the machine lets us take it away. Throws
 *  `unavailable` `converter_missing` when the program is not there, or with the signal's reason. */
export const runConfined = async (
  program: string,
  args: readonly string[],
  options: ConfinedOptions,
): Promise<ConfinedRun> => {
  const apart = await withoutNetwork()
  options.signal.throwIfAborted()
  // The namespaces come first: making them writes to files, which the limits forbid.
  const run = await runOnce([...apart, ...limited, program, ...args], options)
  options.signal.throwIfAborted()
  // 127 and 126 are the shell's: no such program, or not one that can be run.
  if (run.code === 127 || run.code === 126)
    throw unavailable('converter_missing', `the program "${program}" is not installed`)
  return run
}

const limited = ['/bin/sh', '-c', limits(), 'sh'] as const

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin',
  LC_ALL: 'C.UTF-8',
} as const

const runOnce = (
  [program = '', ...args]: readonly string[],
  options: ConfinedOptions,
): Promise<ConfinedRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      shell: false,
    })
    let killed: ConfinedRun['killed'] = null
    const kill = (reason: ConfinedRun['killed']) => {
      killed ??= reason
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group is gone already.
      }
    }
    const stop = () => kill(null)
    options.signal.addEventListener('abort', stop, { once: true })
    const clock = setTimeout(() => kill('time'), options.timeoutMs)
    const out: Buffer[] = []
    let outBytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      outBytes += chunk.length
      if (outBytes > options.stdoutLimitBytes) kill('output')
      else out.push(chunk)
    })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < stderrLimit)
        stderr += chunk.toString('utf8').slice(0, stderrLimit - stderr.length)
    })
    const settle = () => {
      clearTimeout(clock)
      options.signal.removeEventListener('abort', stop)
    }
    child.once('error', (cause) => {
      settle()
      reject(unavailable('converter_start', 'a converter could not be started', { cause }))
    })
    child.once('close', (code, signal) => {
      settle()
      const stdout = Buffer.concat(out).toString('utf8')
      resolve({ code, signal, stdout, stderr, killed })
    })
  })

let apart: Promise<readonly string[]> | null = null

/** The words in front of a command that take the network away from it, if this machine allows that: namespaces are
 *  forbidden inside of most containers. Tried once a process. */
const withoutNetwork = (): Promise<readonly string[]> => {
  apart ??= tryNamespaces()
  return apart
}

const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--ipc', '--'] as const

const tryNamespaces = async (): Promise<readonly string[]> => {
  const options: ConfinedOptions = {
    folder: '/',
    stdoutLimitBytes: 1_024,
    timeoutMs: 2_000,
    signal: new AbortController().signal,
  }
  const run = await runOnce([...namespaces, 'true'], options).catch(() => null)
  return run?.code === 0 ? namespaces : []
}
