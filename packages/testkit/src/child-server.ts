import { type ChildProcess, spawn } from 'node:child_process'

/** A server of the test's own: started here, stopped by its id. */
export interface ChildServer {
  readonly pid: number
  /** Resolves when it is gone and all that it printed has been read. */
  readonly exited: Promise<void>
  /** Text it printed so far, at most the last 64 KiB. */
  output(): string
  kill(signal: NodeJS.Signals): void
}

const children = new Set<ChildProcess>()

// A test run that is interrupted must not leave servers behind.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export const startChild = (
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): ChildServer => {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let printed = ''
  const note = (bytes: Buffer) => {
    printed = (printed + bytes.toString('utf8')).slice(-65_536)
  }
  child.stdout?.on('data', note)
  child.stderr?.on('data', note)
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      printed += error.message
      children.delete(child)
      resolve()
    })
    child.once('close', () => resolve())
    child.once('exit', () => {
      children.delete(child)
      // What it started may outlive it and hold its pipes: nobody waits for that.
      setTimeout(resolve, 1_000).unref()
    })
  })
  return {
    pid: child.pid ?? -1,
    exited,
    output: () => printed,
    kill: (signal) => {
      child.kill(signal)
    },
  }
}
