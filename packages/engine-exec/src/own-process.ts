import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { invalid } from '@waggle/domain'

/** A process that this one started, in a session of its own. */
export interface OwnProcess {
  readonly pid: number
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>
  hasExited(): boolean
}

interface ProcessExit {
  /** 128 + the signal's number where one ended it. */
  readonly code: number
  readonly isKilled: boolean
}

export interface ProcessStart {
  readonly cwd: string
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  /** File descriptor of its output; absent = none. */
  readonly output?: number
}

/** Starts a process that goes on when this one ends. Throws `invalid` when it cannot be started. */
export const startProcess = async (
  [file = '', ...args]: readonly string[],
  { cwd, env, output }: ProcessStart,
): Promise<OwnProcess> => {
  try {
    const child = spawn(file, args, {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['ignore', output ?? 'ignore', 'ignore'],
    })
    let hasExited = false
    const exited = new Promise<ProcessExit>((done) => {
      child.once('exit', (code, signal) => {
        hasExited = true
        const killed = 128 + (signal ? constants.signals[signal] : 127)
        done({ code: code ?? killed, isKilled: code === null })
      })
    })
    await new Promise((done, failed) => child.once('spawn', done).once('error', failed))
    return { pid: child.pid ?? 0, exited, hasExited: () => hasExited }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const why = code === 'E2BIG' ? 'its environment is too large' : code
    throw invalid('step_not_started', `cannot start the step: ${why}`, { cause: error })
  }
}
