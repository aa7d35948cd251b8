import { readSettings, SettingsError, sharedSettings, workerSettings } from '@waggle/config'
import { isWaggleError } from '@waggle/domain'
import { createLogger } from '@waggle/telemetry'
import { runWorker } from './run-worker.ts'

// Settings wrong: 2. Stopped as asked: 0. Anything else: 1.
const readAll = () => {
  try {
    return { shared: readSettings(sharedSettings), settings: readSettings(workerSettings) }
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`waggle worker: ${error.message}\n`)
    return process.exit(2)
  }
}

const { shared, settings } = readAll()
const log = createLogger({ level: shared.logLevel, format: shared.logFormat })
const stop = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.on(name, () => {
    // Asked twice: now.
    if (stop.signal.aborted) process.exit(1)
    stop.abort()
  })

try {
  await runWorker({ settings, shared, log }, stop.signal)
  process.exit(0)
} catch (err) {
  if (isWaggleError(err)) log.error(err.message, { reason: err.code })
  else log.error('worker failed', { err })
  process.exit(1)
}
