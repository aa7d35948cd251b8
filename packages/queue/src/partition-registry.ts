import { randomUUID } from 'node:crypto'
import type { Partition } from '@waggle/domain'
import type { Redis } from '@waggle/redis'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

// Events that nobody reads: 10,000 a partition by default, 0.87 MB each (measured.md §2).
const eventsKept = 100

/** Notes partitions as in use, and tells the workers of those that are new.
 *  KEYS partitions, used, version, channel, then each partition's meta. ARGV new version, events kept, then name and
 *  attributes of each. */
const registerScript = `
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local isNew = false
for i = 5, #KEYS do
  local name, attributes = ARGV[2 * i - 7], ARGV[2 * i - 6]
  if redis.call('HSETNX', KEYS[1], name, attributes) == 1 then isNew = true end
  redis.call('ZADD', KEYS[2], ms, name)
  redis.call('HSET', KEYS[i], 'opts.maxLenEvents', ARGV[2])
end
if isNew then
  redis.call('SET', KEYS[3], ARGV[1])
  redis.call('PUBLISH', KEYS[4], ARGV[1])
end
return isNew and 1 or 0`

/** Removes one partition with its keys, if it holds nothing and was last used before the limit.
 *  KEYS partitions, used, version, channel, wait, prioritized, active, delayed, then the rest of its keys.
 *  ARGV new version, name, idle milliseconds. */
const removeScript = `
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local used = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[2]) or 0)
if ms - used < tonumber(ARGV[3]) then return 0 end
for i = 5, 8 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('ZADD', KEYS[2], ms, ARGV[2])
    return 0
  end
end
redis.call('DEL', unpack(KEYS, 9))
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], ARGV[1])
redis.call('PUBLISH', KEYS[4], ARGV[1])
return 1`

const workParts = ['wait', 'prioritized', 'active', 'delayed']
const restParts = [
  'meta',
  'id',
  'pc',
  'events',
  'marker',
  'stalled',
  'stalled-check',
  'completed',
  'failed',
  'limiter',
  'paused',
  'repeat',
]

/** The partitions in use, written by the API: workers serve what is named here. */
export class PartitionRegistry {
  readonly #redis: Redis
  readonly #keys: QueueKeys

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#keys = queueKeys(prefix)
  }

  /** Before anything is added to their queues: a queue that no worker knows of is served by nobody. */
  async register(partitions: ReadonlyMap<string, Partition>): Promise<void> {
    const names = [...partitions.keys()]
    if (names.length === 0) return
    const keys = [...this.#sharedKeys(), ...names.map((name) => this.#keys.queue(name, 'meta'))]
    const pairs = names.flatMap((name) => [name, JSON.stringify(partitions.get(name))])
    await this.#redis.eval(registerScript, keys.length, ...keys, randomUUID(), eventsKept, ...pairs)
  }

  /** Removes, with all their keys, partitions that are empty and were not used for `idleMs`. Gives their names. */
  async prune(idleMs: number): Promise<readonly string[]> {
    const [seconds] = await this.#redis.time()
    const names = await this.#redis.zrangebyscore(
      this.#keys.partitionsUsed,
      '-inf',
      Number(seconds) * 1_000 - idleMs + 1_000,
      'LIMIT',
      0,
      1_000,
    )
    const removed: string[] = []
    for (const name of names) {
      const parts = [...workParts, ...restParts].map((part) => this.#keys.queue(name, part))
      const keys = [...this.#sharedKeys(), ...parts]
      const answer = await this.#redis.eval(
        removeScript,
        keys.length,
        ...keys,
        randomUUID(),
        name,
        idleMs,
      )
      if (answer === 1) removed.push(name)
    }
    return removed
  }

  #sharedKeys(): string[] {
    const { partitions, partitionsUsed, partitionsVersion, partitionsChanged } = this.#keys
    return [partitions, partitionsUsed, partitionsVersion, partitionsChanged]
  }
}
