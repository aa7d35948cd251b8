import type { Clock, Engine, Logger } from '@waggle/domain'

export interface EngineWatch {
  readonly isUp: boolean
  stop(): Promise<void>
}

/** Asks the engine every `everyMs` whether it is there. While it is not, the worker takes nothing (rule D4). */
export const watchEngine = async (deps: {
  readonly engine: Pick<Engine, 'ping' | 'type'>
  /** What to do while it does not answer. */
  readonly remedy: string
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
}): Promise<EngineWatch> => {
  const stopping = new AbortController()
  let isUp = true
  const ask = async (): Promise<void> => {
    try {
      await deps.engine.ping(AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)]))
      if (!isUp) deps.log.info('the engine is back; taking stages again')
      isUp = true
    } catch (err) {
      if (stopping.signal.aborted) return
      if (isUp)
        deps.log.error('the engine does not answer; no stage is taken until it does', {
          reason: deps.remedy,
          err,
        })
      isUp = false
    }
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await deps.clock
        .sleep(isUp ? deps.everyMs : Math.min(deps.everyMs, 1_000), stopping.signal)
        .catch(() => undefined)
      if (!stopping.signal.aborted) await ask()
    }
  }
  await ask()
  const running = run()
  return {
    get isUp() {
      return isUp
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const deadlineMs = 5_000
