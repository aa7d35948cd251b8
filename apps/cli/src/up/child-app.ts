import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** One of Waggle's processes, started by `up`; its log goes to a file. */
export interface ChildApp {
  readonly name: string
  readonly logPath: string
  readonly pid: number
  readonly exited: Promise<number | null>
  stop(signal: NodeJS.Signals): void
}

export const startApp = (
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  logPath: string,
  inherited: Readonly<Record<string, string | undefined>>,
): ChildApp => {
  const log = openSync(logPath, 'a', 0o600)
  // A session of its own: Ctrl-C reaches `up` alone, which stops its parts in order.
  const child = spawn(process.execPath, args, {
    env: { ...inherited, ...environment },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  return {
    name,
    logPath,
    pid: child.pid ?? 0,
    exited: exitOf(child),
    stop: (signal) => {
      child.kill(signal)
    },
  }
}

export const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode)
    child.once('error', () => resolve(null))
    child.once('exit', (code) => resolve(code))
  })

/** Asks the server until it is ready. `false` when it did not become so in time or `ended` says that it is gone. */
export const becomesReady = async (
  server: string,
  timeoutMs: number,
  ended: () => boolean,
): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline && !ended()) {
    const answer = await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    )
    if (answer?.ok) return true
    await delay(40)
  }
  return false
}
