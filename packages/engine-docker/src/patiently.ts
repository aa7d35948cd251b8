import type { Clock } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { isEngineAway } from './translate-error.ts'

export interface PatienceDeps {
  readonly client: EngineClient
  readonly clock: Clock
  /** Pause before the engine is asked again; grows fivefold. */
  readonly retryMs: number
}

/** Does the work, and where the engine went away meanwhile, again as soon as it is back (reliability.md D1, D4). The
 *  work must bear being repeated after any half of it. Throws what the work throws; what the engine's absence made of
 *  it only when `signal` fires before the engine is back, or when it goes away each time although it answers. */
export const patiently = async <T>(
  deps: PatienceDeps,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isEngineAway(error) || attempt === mostAttempts) throw error
      if (!(await engineIsBack(deps, signal))) throw error
    }
  }
}

// Work that makes an engine fall over each time must not be repeated for ever.
const mostAttempts = 10

/** Waits until the engine answers; false where `signal` fires before. */
export const engineIsBack = async (deps: PatienceDeps, signal: AbortSignal): Promise<boolean> => {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const waitMs = Math.min(5, 2 ** attempt / 10) * deps.retryMs
    await deps.clock.sleep(waitMs, signal).catch(() => undefined)
    try {
      await deps.client.call('GET', '/_ping', { deadlineMs: 5_000, signal })
      return true
    } catch (error) {
      if (!isEngineAway(error)) throw error
    }
  }
  return false
}
