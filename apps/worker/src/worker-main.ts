import { readSettings, sharedSettings, workerSettings } from '@waggle/config'
import { isWaggleError } from '@waggle/domain'
import { createLogger } from '@waggle/telemetry'
import { runWorker } from './run-worker.ts'

/** The worker as a process: settings from the environment, SIGTERM and SIGINT stop it in order, a second one at once.
 *  Gives the exit code: 0 stopped as asked, 1 anything else. Throws `SettingsError` for wrong settings. */
export const workerMain = async (exitNow: (code: number) => void): Promise<number> => {
  const shared = readSettings(sharedSettings)
  const settings = readSettings(workerSettings)
  const log = createLogger({ level: shared.logLevel, format: shared.logFormat })
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) exitNow(1)
      stop.abort()
    })
  try {
    await runWorker({ settings, shared, log }, stop.signal)
    return 0
  } catch (err) {
    if (isWaggleError(err)) log.error(err.message, { reason: err.code })
    else log.error('worker failed', { err })
    return 1
  }
}
