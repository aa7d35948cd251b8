import type { Logger, Partition } from '@waggle/domain'
import type { Redis } from '@waggle/redis'
import { type PartitionFilter, parsePartition } from './parse-partition.ts'
import { type PartitionChange, parseChange } from './partition-change.ts'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

export interface PartitionWatch {
  /** The registry changed by this much; `partitions` holds it already. */
  onChange(change: PartitionChange): void
  /** The registry may have changed in ways that nobody told: after each connect, and where a message is missing. */
  onUnsure(): void
}

/** The registry as a reader follows it: names and attributes of the partitions in use that it cares for. Read whole once, then kept up to
 *  date by what its channel tells, which costs no command. */
export class PartitionDirectory {
  readonly #redis: Redis
  readonly #keys: QueueKeys
  readonly #log: Logger
  readonly #wants: PartitionFilter
  readonly #refused = new Set<string>()
  #version: string | null | undefined
  #revision = 0
  #reading: Promise<void> | null = null
  #isAsked = false
  #partitions = new Map<string, Partition>()

  constructor(redis: Redis, prefix: string, log: Logger, wants: PartitionFilter = () => true) {
    this.#wants = wants
    this.#redis = redis
    this.#keys = queueKeys(prefix)
    this.#log = log
  }

  get partitions(): ReadonlyMap<string, Partition> {
    return this.#partitions
  }

  /** Another number whenever `partitions` changed. Who waits for an answer no longer may still compare. */
  get revision(): number {
    return this.#revision
  }

  /** Follows the registry's channel. */
  watch(handlers: PartitionWatch): void {
    const channel = this.#keys.partitionsChanged
    this.#redis.on('message', (from: string, text: string) => {
      if (from === channel) this.#told(text, handlers)
    })
    const listen = () => {
      this.#redis.subscribe(channel).then(
        () => handlers.onUnsure(),
        (err: unknown) => {
          this.#log.debug('partitions not watched', { err })
        },
      )
    }
    this.#redis.on('ready', listen)
    if (this.#redis.status === 'ready') listen()
  }

  /** Reads the registry if it changed since the last reading. */
  refresh(): Promise<void> {
    this.#isAsked = true
    this.#reading ??= this.#readAsAsked().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  /** Once for all who ask before it begins, and once more for those who ask while it goes on. */
  async #readAsAsked(): Promise<void> {
    while (this.#isAsked) {
      this.#isAsked = false
      await this.#read()
    }
  }

  async #read(): Promise<void> {
    // The version first: a change in between is told again, which changes nothing, or seen at the next refresh.
    const version = await this.#readVersion()
    if (version === this.#version) return
    const raw = await this.#redis.hgetall(this.#keys.partitions)
    const partitions = new Map<string, Partition>()
    for (const [name, json] of Object.entries(raw)) {
      const partition = parsePartition(name, json, this.#wants)
      if (partition === null) this.#refuse(name)
      else if (partition !== 'other') partitions.set(name, partition)
    }
    this.#partitions = partitions
    this.#version = version
    this.#revision++
  }

  /** Messages that came with the answer were handled before it: then it is of a version that this reader is past. */
  async #readVersion(): Promise<string | null> {
    for (let tries = 1; ; tries++) {
      const before = this.#version
      const version = await this.#redis.get(this.#keys.partitionsVersion)
      if (version === this.#version || before === this.#version || tries === 5) return version
    }
  }

  #told(text: string, handlers: PartitionWatch): void {
    const change = parseChange(text, this.#wants)
    if (change !== null && change.to === this.#version) return
    if (change === null || change.from !== (this.#version ?? '')) {
      handlers.onUnsure()
      return
    }
    let isChanged = change.added.size > 0
    for (const name of change.removed) isChanged = this.#partitions.delete(name) || isChanged
    for (const [name, partition] of change.added) this.#partitions.set(name, partition)
    this.#version = change.to
    if (isChanged) this.#revision++
    handlers.onChange(change)
  }

  #refuse(name: string): void {
    if (this.#refused.has(name) || this.#refused.size > 1_000) return
    this.#refused.add(name)
    this.#log.warn('partition in redis is not valid, ignored', { partition: name.slice(0, 200) })
  }
}
