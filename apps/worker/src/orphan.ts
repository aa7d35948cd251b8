import type { Clock, Logger } from '@waggle/domain'

/** Fires when a worker whose API has died goes on for too long: once `orphaned` has fired and no heartbeat was
 *  answered for `aloneMs`. Nobody may be there to see such a process, so it must not hold on to containers for ever,
 *  nor past the time at which the API, come back, declares its stages lost (reliability.md §0.2). */
export const cutOffWhenAlone = (deps: {
  readonly orphaned: AbortSignal
  readonly isAnswered: () => boolean
  readonly aloneMs: number
  readonly everyMs: number
  /** Fires when the worker is over. */
  readonly ended: AbortSignal
  readonly clock: Clock
  readonly log: Logger
}): AbortSignal => {
  const { orphaned, clock, ended } = deps
  const cutOff = new AbortController()
  const watch = async (): Promise<void> => {
    let heardAt = clock.monotonic()
    while (!ended.aborted) {
      await clock.sleep(deps.everyMs, ended).catch(() => undefined)
      if (deps.isAnswered()) heardAt = clock.monotonic()
      if (ended.aborted || clock.monotonic() - heardAt < deps.aloneMs) continue
      deps.log.error('the API that started this worker is gone for good: its stages are ended')
      cutOff.abort()
      return
    }
  }
  if (orphaned.aborted) void watch()
  else orphaned.addEventListener('abort', () => void watch(), { once: true })
  return cutOff.signal
}
