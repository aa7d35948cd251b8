import { isWaggleError, unavailable, type WaggleError } from '@waggle/domain'

/** Errors of Redis, ioredis and BullMQ as the one thing they are for the callers: Redis is not to be had now. A refused
 *  command (out of memory, loading, read-only) is treated like an outage (reliability.md R7). */
export const translateError = (error: unknown): WaggleError => {
  if (isWaggleError(error)) return error
  if (error instanceof Error && error.name === 'ReplyError') {
    const reason = /^[A-Z]{2,20}/.exec(error.message)?.[0] ?? 'ERR'
    return unavailable('redis_refused', 'Redis refused a command', {
      cause: error,
      fields: { reason },
    })
  }
  return unavailable('redis_unavailable', 'Redis does not answer', { cause: error })
}
