import { type Clock, isWaggleError } from '@waggle/domain'
import type { RedisDeps } from '@waggle/redis'
import { checkRedis } from './check-redis.ts'

export interface WatchRedisOptions extends RedisDeps {
  readonly clock: Clock
  /** What it means that Redis is away, for the log. */
  readonly whileAway: string
}

const retryMs = 2_000

/** Looks at Redis at start. One that cannot be used throws `invalid`, with what to do. One that is away is only told of,
 *  for everybody works without it: it is looked at as soon as it is there. */
export const watchRedis = async (
  options: WatchRedisOptions,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await lookAt(options)
  } catch (error) {
    if (!isWaggleError(error, 'unavailable')) throw error
    options.log.warn(`redis does not answer; ${options.whileAway}`, { reason: error.message })
    void waitForRedis(options, signal)
  }
}

const lookAt = async (options: WatchRedisOptions): Promise<void> => {
  const { version } = await checkRedis(options)
  options.log.info('redis found', { version })
}

const waitForRedis = async (options: WatchRedisOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await options.clock.sleep(retryMs, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      await lookAt(options)
      return
    } catch (err) {
      if (isWaggleError(err, 'unavailable')) continue
      options.log.error('redis must not be used like this', { err })
      return
    }
  }
}
