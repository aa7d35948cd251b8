import { readSettings, SettingsError } from '@waggle/config'
import { WaggleError } from '@waggle/domain'
import { settleMemory } from '@waggle/telemetry'
import { allApiSettings, type RunningApi, runApi } from './run-api.ts'

export interface Printer {
  out(text: string): void
  error(text: string): void
}

/** Runs the API until SIGTERM or SIGINT. Gives the exit code: 0 after an orderly stop, 1 with one sentence where it
 *  cannot run. */
export const serveApi = async (print: Printer): Promise<number> => {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  try {
    const settings = readSettings(allApiSettings)
    const api = await runApi(settings, stopping.signal)
    guardProcess(api, stop)
    if (api.firstAdmin)
      print.out(
        `first admin "${api.firstAdmin.login}", token ${api.firstAdmin.token}, also in ${api.firstAdmin.path}`,
      )
    settleMemory()
    await aborted(stopping.signal)
    api.log.info('api stops')
    await api.stop()
    return process.exitCode === 1 ? 1 : 0
  } catch (error) {
    if (stopping.signal.aborted) return 0
    if (!(error instanceof WaggleError) && !(error instanceof SettingsError)) throw error
    print.error(`waggle api: ${error.message}`)
    return 1
  } finally {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
}

/** A forgotten rejection is a defect, but one that leaves the process as it was: it is logged, and work goes on. After
 *  an exception that nobody caught nothing is sure any more: the process drains and ends. */
const guardProcess = (api: RunningApi, stop: () => void): void => {
  process.on('unhandledRejection', (err) => api.log.error('a rejection was not handled', { err }))
  process.on('uncaughtException', (err) => {
    api.log.error('an exception was not caught, the process ends', { err })
    process.exitCode = 1
    stop()
  })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
