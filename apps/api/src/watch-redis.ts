import { type Clock, isWaggleError, type Logger } from '@waggle/domain'
import { checkRedis } from '@waggle/queue'

export interface WatchRedisOptions {
  readonly redis: { readonly url: string; readonly prefix: string }
  readonly clock: Clock
  readonly log: Logger
}

const retryMs = 2_000

/** Looks at Redis at start. One that cannot be used throws, with what to do. One that is away is only told of: the API
 *  works without it, and it is looked at as soon as it is there. */
export const watchRedis = async (
  options: WatchRedisOptions,
  signal: AbortSignal,
): Promise<void> => {
  try {
    const { version } = await checkRedis(options)
    options.log.info('redis found', { version })
  } catch (error) {
    if (!isWaggleError(error, 'unavailable')) throw error
    options.log.warn('redis does not answer; builds are taken but none starts until it does', {
      reason: error.message,
    })
    void waitForRedis(options, signal)
  }
}

const waitForRedis = async (options: WatchRedisOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await options.clock.sleep(retryMs, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      const { version } = await checkRedis(options)
      options.log.info('redis found', { version })
      return
    } catch (err) {
      if (isWaggleError(err, 'unavailable')) continue
      options.log.error('redis must not be used like this', { err })
      return
    }
  }
}
