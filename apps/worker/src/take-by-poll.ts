import {
  type Clock,
  isWaggleError,
  type Logger,
  type Offer,
  type OfferOutcome,
  silentLogger,
} from '@waggle/domain'
import { checkRedis } from '@waggle/queue'
import type { WorkerApi } from './worker-api.ts'

export interface TakeByPollDeps {
  readonly api: Pick<WorkerApi, 'take'>
  readonly redis: { readonly url: string; readonly prefix: string }
  readonly isReady: () => boolean
  readonly take: (offer: Offer, stopping: AbortSignal) => Promise<OfferOutcome>
  readonly clock: Clock
  readonly log: Logger
}

/** How often Redis is looked at while it is well, and while it is away. */
const wellMs = 15_000
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
    // A Redis that answers but may not be used (old, evicting) is the consumer's business, which says so.
    isAway = await checkRedis({ redis: deps.redis, log: silentLogger }).then(
      () => false,
      (error: unknown) => isWaggleError(error, 'unavailable'),
    )
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
      await nap(isAway ? 0 : wellMs)
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
