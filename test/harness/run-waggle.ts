import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

interface WaggleRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface StartedWaggle {
  readonly done: Promise<WaggleRun>
  /** What it printed on standard output so far. */
  seen(): string
  signal(name: NodeJS.Signals): void
}

interface RunOptions {
  readonly folder?: string
  readonly settings?: Readonly<Record<string, string>>
  /** Gives it a terminal, by `script` of util-linux; standard error then comes with standard output. */
  readonly isTerminal?: boolean
}

/** Starts the command line as a user would, in a process of its own. Of the environment it sees the path only. */
export const startWaggle = (args: readonly string[], options: RunOptions = {}): StartedWaggle => {
  const words = [process.execPath, join(root, 'apps/cli/src/main.ts'), ...args]
  const [command = '', ...rest] = options.isTerminal
    ? ['script', '-qefc', words.map(quoted).join(' '), '/dev/null']
    : words
  const child = spawn(command, rest, {
    cwd: options.folder ?? root,
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...options.settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString('utf8')
  })
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString('utf8')
  })
  const done = new Promise<WaggleRun>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
  })
  return { done, seen: () => out, signal: (name) => void child.kill(name) }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
