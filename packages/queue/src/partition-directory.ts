import type { Logger, Partition } from '@waggle/domain'
import type { Redis } from '@waggle/redis'
import { parsePartition } from './parse-partition.ts'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

/** The registry as a reader follows it: names and attributes of the partitions in use. */
export class PartitionDirectory {
  readonly #redis: Redis
  readonly #keys: QueueKeys
  readonly #log: Logger
  readonly #refused = new Set<string>()
  #version: string | null | undefined
  #partitions: ReadonlyMap<string, Partition> = new Map()

  constructor(redis: Redis, prefix: string, log: Logger) {
    this.#redis = redis
    this.#keys = queueKeys(prefix)
    this.#log = log
  }

  get partitions(): ReadonlyMap<string, Partition> {
    return this.#partitions
  }

  /** Calls back when the registry may have changed: on its channel, and after each connect. */
  watch(onChange: () => void): void {
    const channel = this.#keys.partitionsChanged
    this.#redis.on('message', (from: string) => {
      if (from === channel) onChange()
    })
    const listen = () => {
      this.#redis.subscribe(channel).then(onChange, (err: unknown) => {
        this.#log.debug('partitions not watched', { err })
      })
    }
    this.#redis.on('ready', listen)
    if (this.#redis.status === 'ready') listen()
  }

  /** Reads the registry if it changed since the last reading; true when it did. */
  async refresh(): Promise<boolean> {
    // The version first: a change in between is seen at the next refresh.
    const version = await this.#redis.get(this.#keys.partitionsVersion)
    if (version === this.#version) return false
    const raw = await this.#redis.hgetall(this.#keys.partitions)
    const partitions = new Map<string, Partition>()
    for (const [name, json] of Object.entries(raw)) {
      const partition = parsePartition(name, json)
      if (partition) partitions.set(name, partition)
      else this.#refuse(name)
    }
    this.#partitions = partitions
    this.#version = version
    return true
  }

  #refuse(name: string): void {
    if (this.#refused.has(name) || this.#refused.size > 1_000) return
    this.#refused.add(name)
    this.#log.warn('partition in redis is not valid, ignored', { partition: name.slice(0, 200) })
  }
}
