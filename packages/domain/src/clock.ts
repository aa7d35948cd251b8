import { setTimeout as delay } from 'node:timers/promises'

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
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      throw signal?.aborted ? (signal.reason ?? error) : error
    }
  },
}

/** Whole seconds since 1970, the unit of every time in the REST API. */
export const toUnixSeconds = (ms: number): number => Math.floor(ms / 1000)
