import { type Logger, unavailable } from '@waggle/domain'
import { Redis, type RedisOptions } from 'ioredis'
import { translateError } from './translate-error.ts'

/** Where Redis is, and the prefix of every key; its braces keep all keys in one slot. */
export interface RedisAddress {
  readonly url: string
  readonly prefix: string
}

export interface RedisDeps {
  readonly redis: RedisAddress
  readonly log: Logger
}

/** No call to Redis takes longer (reliability.md R4): a hung Redis must not hang a request. */
const deadlineMs = 2_000

const downSince = new WeakMap<Redis, number>()

type ConnectionChoices = Pick<
  RedisOptions,
  'autoResubscribe' | 'commandTimeout' | 'enableOfflineQueue' | 'socketTimeout'
>

/** Opens a connection that comes back by itself. `name` is shown in CLIENT LIST and in the log. */
export const connectRedis = (
  deps: RedisDeps,
  name: string,
  options: ConnectionChoices = {},
): Redis => {
  const redis = new Redis(deps.redis.url, {
    connectionName: `waggle:${name}`,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    commandTimeout: deadlineMs,
    // A half-open socket is noticed by its unanswered command and replaced.
    socketTimeout: 2 * deadlineMs,
    // What was in flight when a connection died ends with its deadline. Sent again by itself it could fetch an entry
    // that nobody waits for any more.
    autoResendUnfulfilledCommands: false,
    // Nothing is kept meanwhile: during an outage blocks of lines would fill the memory.
    enableOfflineQueue: false,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2_000),
    // After a failover the old primary answers READONLY.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...options,
  })
  sendTogether(redis)
  // Every call that waits for the connection listens.
  redis.setMaxListeners(10_000)
  const log = deps.log.child({ name })
  let isReported = false
  downSince.set(redis, performance.now())
  const down = (err?: Error) => {
    if (!downSince.has(redis)) downSince.set(redis, performance.now())
    if (isReported || redis.status === 'end') return
    isReported = true
    log.warn('redis connection lost', err ? { err } : {})
  }
  // One missing listener crashes the process in the first restart of Redis (measured.md §1, rule 7).
  redis.on('error', down)
  redis.on('close', () => down())
  redis.on('ready', () => {
    downSince.delete(redis)
    if (isReported) log.info('redis connection back')
    isReported = false
  })
  return redis
}

/** Commands of one turn of the event loop go in one packet: a system call costs more than most commands. */
const sendTogether = (redis: Redis): void => {
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, target) => {
    const { stream } = redis
    // Not set before the first connection.
    if (stream && stream.writableCorked === 0) {
      stream.cork()
      process.nextTick(() => stream.uncork())
    }
    return send(command, target)
  }
}

/** Resolves with true as soon as the connection can carry commands; with false when it cannot in time. What was
 *  spent waiting since the connection was lost counts: during an outage calls fail at once. */
export const whenReady = async (
  redis: Redis,
  withinMs = deadlineMs,
  signal?: AbortSignal,
): Promise<boolean> => {
  if (redis.status === 'ready') return true
  const left = withinMs - (performance.now() - (downSince.get(redis) ?? performance.now()))
  if (left <= 0 || redis.status === 'end' || signal?.aborted) return false
  let timer: NodeJS.Timeout | undefined
  let settle: () => void = () => undefined
  await new Promise<void>((resolve) => {
    settle = resolve
    timer = setTimeout(resolve, left)
    redis.on('ready', settle)
    redis.on('end', settle)
    signal?.addEventListener('abort', settle)
  })
  clearTimeout(timer)
  redis.off('ready', settle)
  redis.off('end', settle)
  signal?.removeEventListener('abort', settle)
  return isConnected(redis)
}

const isConnected = (redis: Redis): boolean => redis.status === 'ready'

/** Does something with Redis within the deadline. Everything that goes wrong becomes `unavailable`. */
export const ask = async <T>(redis: Redis, work: () => Promise<T>): Promise<T> => {
  if (!(await whenReady(redis)))
    throw unavailable('redis_unavailable', 'Redis does not answer', { cause: redis.status })
  let timer: NodeJS.Timeout | undefined
  let fail: () => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = () => reject(unavailable('redis_unavailable', 'Redis did not answer'))
    timer = setTimeout(fail, deadlineMs)
    // ioredis forgets what was in flight on a lost connection; it would only end with the deadline.
    redis.on('close', fail)
  })
  try {
    const asked = work()
    // Its end after the deadline interests nobody.
    asked.catch(() => undefined)
    return await Promise.race([asked, failed])
  } catch (error) {
    throw translateError(error)
  } finally {
    clearTimeout(timer)
    redis.off('close', fail)
  }
}
