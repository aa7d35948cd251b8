import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { apiSettings, sharedSettings, workerSettings } from '@waggle/config'
import type { Clock, Logger } from '@waggle/domain'

export interface EmbeddedWorkerOptions {
  /** Where the child reaches this very process. */
  readonly server: string
  /** Opens the registration for this child; made anew at every start of the API. */
  readonly secret: string
  /** `null`: what the worker's own settings say. */
  readonly slots: number | null
  /** The API's; the worker's identity lies below it. */
  readonly dataFolder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Logger
}

export interface EmbeddedWorker {
  /** Lets it end its stages as any worker does at SIGTERM; a further SIGTERM or SIGINT to this process ends it at once. */
  stop(): Promise<void>
}

const main = join(import.meta.dirname, '../../worker/src/main.ts')

/** What the worker's process ends with when its settings are wrong: starting it again would not mend them. */
const wrongSettings = 2
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** A worker that ran for so long was sound: its end is not part of a row of failures. */
const soundMs = 60_000

/** A worker as a child process of the API, for an installation of one process: the same program, over the same protocol
 *  on loopback, with an identity of its own. It is started again when it ends by itself, and notices by the closed
 *  channel when the API dies: then it takes nothing new and ends what it holds as an orphan does (`orphan.ts`). */
export const startEmbeddedWorker = (options: EmbeddedWorkerOptions): EmbeddedWorker => {
  const { clock, log } = options
  const stopping = new AbortController()
  let child: ChildProcess | null = null

  const runOnce = (): Promise<number | null> =>
    new Promise((resolve) => {
      const started = spawn(process.execPath, [main], {
        env: workerEnvironment(options),
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // A session of its own: Ctrl-C reaches the API alone, which stops it in order.
        detached: true,
      })
      child = started
      started.once('error', (err) => {
        log.error('the embedded worker cannot be started', { err })
        resolve(null)
      })
      started.once('exit', resolve)
      log.info('embedded worker started', { count: started.pid ?? 0 })
    })

  const run = async (): Promise<void> => {
    let pauseMs = firstPauseMs
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonic()
      const code = await runOnce()
      child = null
      if (stopping.signal.aborted) return
      if (code === wrongSettings) {
        log.error('the embedded worker stays off: its settings are wrong', { exitCode: code })
        return
      }
      if (clock.monotonic() - startedAt >= soundMs) pauseMs = firstPauseMs
      log.error('the embedded worker ended by itself and is started again', {
        exitCode: code ?? -1,
        durationMs: pauseMs,
      })
      await clock.sleep(pauseMs, stopping.signal).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  }
  const running = run()

  return {
    stop: async () => {
      stopping.abort()
      const ask = () => void child?.kill('SIGTERM')
      ask()
      // The worker ends at once when it is told a second time.
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, ask)
      await running
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, ask)
    },
  }
}

/** The API's environment with the worker's settings in it, and without what only the API may know: the key of the
 *  secrets, the database, the admin's token. */
const workerEnvironment = (options: EmbeddedWorkerOptions): NodeJS.ProcessEnv => {
  const { environment, slots } = options
  const kept = new Set(namesOf({ ...workerSettings, ...sharedSettings }))
  const dropped = new Set(namesOf(apiSettings).filter((name) => !kept.has(name)))
  const inherited = Object.entries(environment).filter(([name]) => !dropped.has(name))
  const folder = environment[workerSettings.dataFolder.name]
  return {
    ...Object.fromEntries(inherited),
    [workerSettings.server.name]: options.server,
    [workerSettings.secret.name]: options.secret,
    [workerSettings.dataFolder.name]: folder || join(options.dataFolder, 'worker'),
    ...(slots === null ? {} : { [workerSettings.slots.name]: String(slots) }),
  }
}

const namesOf = (
  group: Readonly<Record<string, { readonly name: string; readonly aliases: readonly string[] }>>,
): string[] =>
  Object.values(group)
    .flatMap(({ name, aliases }) => [name, ...aliases])
    .flatMap((name) => [name, `${name}_FILE`])
