/** Time, handed down so that tests can hold it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For display and records, never for leases. */
  now(): number
  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  // Not that of node:timers/promises: it makes an error, with its stack, of each sleep that is ended early, as nearly
  // all are. Several a stage.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end)
        resolve()
      }, ms)
      if (signal?.aborted) end()
      else signal?.addEventListener('abort', end, { once: true })
    }),
}

/** Whole seconds since 1970, the unit of every time in the REST API. */
export const toUnixSeconds = (ms: number): number => Math.floor(ms / 1000)
