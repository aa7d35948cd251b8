import type { Redis } from '@waggle/redis'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

/** Which of these have something? KEYS in groups of ARGV[1]. A key of the wrong kind counts as nothing. */
const probeScript = `
local out = {}
local size = tonumber(ARGV[1])
for i = 1, #KEYS, size do
  for k = i, i + size - 1 do
    local kind = redis.call('TYPE', KEYS[k]).ok
    if kind ~= 'none' then
      out[#out + 1] = (i - 1) / size
      break
    end
  end
end
return out`

/** Removes the entries that are locked by a token: their contents cannot be read.
 *  KEYS active, stalled. ARGV token, prefix of the entries' keys. */
const dropScript = `
local dropped = 0
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local key = ARGV[2] .. id
  if redis.call('GET', key .. ':lock') == ARGV[1] then
    redis.call('LREM', KEYS[1], 1, id)
    redis.call('SREM', KEYS[2], id)
    redis.call('DEL', key, key .. ':lock')
    dropped = dropped + 1
  end
end
return dropped`

/** Questions about many queues that BullMQ only answers one by one. */
export class PartitionProbe {
  readonly #redis: Redis
  readonly #keys: QueueKeys

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#keys = queueKeys(prefix)
  }

  /** Those that hold entries nobody fetched, in the given order; one script call. */
  withWork(partitions: readonly string[]): Promise<readonly string[]> {
    return this.#ask(partitions, ['wait', 'prioritized', 'delayed'])
  }

  /** Those that hold fetched entries. */
  withActive(partitions: readonly string[]): Promise<readonly string[]> {
    return this.#ask(partitions, ['active', 'stalled'])
  }

  /** Sets the markers, so that idle workers look now and not at their next sweep. */
  async wake(partitions: readonly string[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const name of partitions) pipeline.zadd(this.#keys.marker(name), 0, '0')
    await pipeline.exec()
  }

  /** Removes what the failed fetch with this token took. */
  async dropFetched(partition: string, token: string): Promise<number> {
    const keys = [this.#keys.queue(partition, 'active'), this.#keys.queue(partition, 'stalled')]
    return Number(
      await this.#redis.eval(dropScript, 2, ...keys, token, this.#keys.queue(partition, '')),
    )
  }

  async #ask(names: readonly string[], parts: readonly string[]): Promise<readonly string[]> {
    if (names.length === 0) return []
    const keys = names.flatMap((name) => parts.map((part) => this.#keys.queue(name, part)))
    const found = await this.#redis.eval(probeScript, keys.length, ...keys, parts.length)
    return (found as readonly number[]).map((i) => names[i]!)
  }
}
