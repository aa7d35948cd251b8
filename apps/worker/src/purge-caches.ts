import type { CacheLimits, Clock, Engine, Logger } from '@waggle/domain'

export interface PurgeDeps {
  readonly engine: Pick<Engine, 'purgeCaches'>
  readonly installation: string
  readonly limits: CacheLimits
  readonly clock: Clock
  readonly log: Logger
}

const hourMs = 3_600_000

/** Removes caches that are unused for too long or too large, at the start and every hour. */
export const startCachePurge = (deps: PurgeDeps): { stop(): Promise<void> } => {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await deps.engine
        .purgeCaches?.(deps.installation, deps.limits)
        .catch((err: unknown) => deps.log.warn('caches not purged', { err }))
      await deps.clock.sleep(hourMs, stopping.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
