import { randomUUID } from 'node:crypto'
import type { Partition } from '@waggle/domain'
import type { Redis } from '@waggle/redis'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

// Events that nobody reads: 10,000 a partition by default, 0.87 MB each (measured.md §2).
const eventsKept = 100

// Both scripts tell what they changed, and from which version to which: a reader that has the former needs to read
// nothing (partition-change.ts).

/** Notes partitions as in use, and tells the workers of those that are new.
 *  KEYS partitions, used, version, channel, then each partition's meta. ARGV new version, events kept, then name and
 *  attributes of each. */
const registerScript = `
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local added = {}
for i = 5, #KEYS do
  local name, attributes = ARGV[2 * i - 7], ARGV[2 * i - 6]
  redis.call('ZADD', KEYS[2], ms, name)
  if redis.call('HSETNX', KEYS[1], name, attributes) == 1 then
    redis.call('HSET', KEYS[i], 'opts.maxLenEvents', ARGV[2])
    added[name] = attributes
  end
end
if next(added) then
  local from = redis.call('GET', KEYS[3]) or ''
  redis.call('SET', KEYS[3], ARGV[1])
  redis.call('PUBLISH', KEYS[4], cjson.encode({ from = from, to = ARGV[1], added = added }))
end`

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

/** Notes which of these partitions hold something, and removes with their keys those that did not for long.
 *  KEYS partitions, used, version, channel, then for each partition its work keys and the rest of its keys.
 *  ARGV new version, idle milliseconds, then the names. Gives the names of those removed. */
const pruneScript = `
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local work, all = ${workParts.length}, ${workParts.length + restParts.length}
local removed = {}
for i = 3, #ARGV do
  local at = 5 + (i - 3) * all
  local busy = false
  for k = at, at + work - 1 do
    if redis.call('EXISTS', KEYS[k]) == 1 then busy = true end
  end
  if busy then
    redis.call('ZADD', KEYS[2], ms, ARGV[i])
  elseif ms - tonumber(redis.call('ZSCORE', KEYS[2], ARGV[i]) or 0) >= tonumber(ARGV[2]) then
    redis.call('DEL', unpack(KEYS, at + work, at + all - 1))
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    removed[#removed + 1] = ARGV[i]
  end
end
if #removed > 0 then
  local from = redis.call('GET', KEYS[3]) or ''
  redis.call('SET', KEYS[3], ARGV[1])
  redis.call('PUBLISH', KEYS[4], cjson.encode({ from = from, to = ARGV[1], removed = removed }))
end
return removed`

/** Partitions in one call of the pruning script: some 1,600 keys. */
const pruneBatch = 100

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

  /** Removes, with all their keys, partitions that were found empty for `idleMs`, and gives their names. To be called
   *  several times within that time: what holds something then counts as used. */
  async prune(idleMs: number): Promise<readonly string[]> {
    const names = await this.#redis.hkeys(this.#keys.partitions)
    const removed: string[] = []
    for (let at = 0; at < names.length; at += pruneBatch) {
      const batch = names.slice(at, at + pruneBatch)
      const parts = batch.flatMap((name) =>
        [...workParts, ...restParts].map((part) => this.#keys.queue(name, part)),
      )
      const keys = [...this.#sharedKeys(), ...parts]
      const args = [...keys, randomUUID(), idleMs, ...batch]
      const answer = await this.#redis.eval(pruneScript, keys.length, ...args)
      removed.push(...(answer as readonly string[]))
    }
    return removed
  }

  #sharedKeys(): string[] {
    const { partitions, partitionsUsed, partitionsVersion, partitionsChanged } = this.#keys
    return [partitions, partitionsUsed, partitionsVersion, partitionsChanged]
  }
}
