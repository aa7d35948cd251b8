import type { Redis } from '@waggle/redis'
import { createRedisBackend, type RedisQueueBackend } from 'bullmq'

export interface BullOptions {
  readonly prefix: string
  readonly lockMs?: number
  readonly stalledMs?: number
  readonly workerName?: string
}

/** Settings of BullMQ that everybody shares, on a connection of ours. */
export const bullOptions = (redis: Redis, options: BullOptions) => ({
  connection: redis,
  prefix: options.prefix,
  // Both would ask Redis before the first command, without a deadline; checkRedis asks at start.
  skipVersionCheck: true,
  skipWaitingForReady: true,
  autorun: false,
  lockDuration: options.lockMs ?? 10_000,
  stalledInterval: options.stalledMs ?? 5_000,
  // By default an entry whose worker died twice fails without a call of the processor (measured.md §1, rule 4).
  maxStalledCount: 10,
  // 15 s by default: so long would a finished entry wait after a connection error (rule 8).
  runRetryDelay: 500,
  skipStalledCheck: true,
  ...(options.workerName === undefined ? {} : { name: options.workerName }),
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
})

export type SharedBullOptions = ReturnType<typeof bullOptions>

/** Many queues on one connection: `root.forQueue(name)`. */
export const openBackend = (
  options: SharedBullOptions,
  onError: (error: Error) => void,
): RedisQueueBackend => {
  const root = createRedisBackend('root', options, {})
  // Without a listener a restart of Redis kills the process.
  root.on('error', onError)
  return root
}
