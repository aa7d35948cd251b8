import { readSettings, type SettingValues, sharedSettings, workerSettings } from '@waggle/config'
import { isWaggleError, type Logger } from '@waggle/domain'
import { createLogger, settleMemory } from '@waggle/telemetry'
import { runWorker } from './run-worker.ts'
import { LogRing } from './status/log-ring.ts'

/** So many lines of the log the status page can show. */
const mostLines = 500

/** The worker as a process: settings from the environment, SIGTERM and SIGINT stop it in order, a second one at once.
 *  Gives the exit code: 0 stopped as asked, 1 anything else. Throws `SettingsError` for wrong settings. */
export const workerMain = async (exitNow: (code: number) => void): Promise<number> => {
  const shared = readSettings(sharedSettings)
  const settings = readSettings(workerSettings)
  const ring = new LogRing(mostLines, ownSecrets(settings, shared))
  const log = createLogger({
    level: shared.logLevel,
    format: shared.logFormat,
    onLine: (line) => ring.add(line),
  })
  guardProcess(log, exitNow)
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) exitNow(1)
      stop.abort()
    })
  const orphaned = new AbortController()
  onParentGone(() => {
    log.warn('the API that started this worker has ended: it takes nothing new')
    stop.abort()
    orphaned.abort()
  })
  try {
    const given = { settings, shared, log, ring, orphaned: orphaned.signal }
    await runWorker({ ...given, onReady: settleMemory }, stop.signal)
    return 0
  } catch (err) {
    if (isWaggleError(err)) log.error(err.message, { reason: err.code })
    else log.error('worker failed', { err })
    return 1
  }
}

/** What the process was given to keep. Its log does not hold them; the status page makes sure. */
const ownSecrets = (
  settings: SettingValues<typeof workerSettings>,
  shared: SettingValues<typeof sharedSettings>,
): readonly string[] => {
  const redis = URL.canParse(shared.redisUrl) ? new URL(shared.redisUrl).password : ''
  const own = [settings.secret, settings.uiPassword ?? '', redis, decoded(redis)]
  return [...own, ...Object.values(settings.secrets)]
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Where another process started this one with a channel: its end closes the channel, however it comes. */
const onParentGone = (gone: () => void): void => {
  if (process.send === undefined) return
  if (process.connected) process.once('disconnect', gone)
  else gone()
}

/** A forgotten rejection is a defect, but one that leaves the process as it was: it is logged, and stages go on. After
 *  an exception that nobody caught nothing is sure any more, so it ends as if killed: the next start settles it. */
const guardProcess = (log: Logger, exitNow: (code: number) => void): void => {
  process.on('unhandledRejection', (err) => log.error('a rejection was not handled', { err }))
  process.on('uncaughtException', (err) => {
    log.error('an exception was not caught, the process ends', { err })
    exitNow(1)
  })
}
