import {
  type Clock,
  isWaggleError,
  type Logger,
  type Offer,
  type OfferOutcome,
} from '@waggle/domain'
import type { WorkerApi } from './worker-api.ts'

export interface TakeByPollDeps {
  readonly api: Pick<WorkerApi, 'take'>
  readonly isRedisUp: () => Promise<boolean>
  /** How often Redis is looked at while it is well: with the 2 s of a look, work has to come in 6 s (reliability.md
   *  D.6). */
  readonly everyMs: number
  readonly isReady: () => boolean
  readonly take: (offer: Offer, stopping: AbortSignal) => Promise<OfferOutcome>
  readonly clock: Clock
  readonly log: Logger
}

/** How often Redis is looked at while it is away. */
const awayMs = 2_000
const waitMs = 5_000
/** After the API said that it has no such call. */
const refusedMs = 60_000

/** The way around Redis (rule R4): while it does not answer, offers are asked of the API, one long poll at a time. */
export const startTakeByPoll = (deps: TakeByPollDeps): { stop(): Promise<void> } => {
  const stopping = new AbortController()
  const { signal } = stopping
  const nap = (ms: number) => deps.clock.sleep(ms, signal).catch(() => undefined)
  let isAway = false

  const look = async (): Promise<void> => {
    const wasAway = isAway
    isAway = !(await deps.isRedisUp())
    if (isAway !== wasAway)
      deps.log.warn(
        isAway
          ? 'Redis does not answer: stages are asked of the API until it does'
          : 'Redis answers again',
      )
  }

  const poll = async (): Promise<void> => {
    if (!deps.isReady()) return nap(1_000)
    try {
      const offer = await deps.api.take(waitMs, signal)
      if (offer !== null) await deps.take(offer, signal)
    } catch (err) {
      if (signal.aborted) return
      deps.log.debug('no offer from the API', { err })
      await nap(isWaggleError(err, 'internal') ? refusedMs : 1_000)
    }
  }

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await nap(isAway ? 0 : deps.everyMs)
      if (signal.aborted) return
      await look()
      const until = deps.clock.monotonic() + awayMs
      while (isAway && !signal.aborted && deps.clock.monotonic() < until) await poll()
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
