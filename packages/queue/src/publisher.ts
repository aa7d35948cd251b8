import type {
  Offer,
  OfferPlace,
  OfferPublisher,
  Partition,
  PublishedOffer,
  Timers,
} from '@waggle/domain'
import {
  ask,
  type ChainableCommander,
  connectRedis,
  type Redis,
  type RedisDeps,
} from '@waggle/redis'
import { type IQueueBackend, Queue, type RedisQueueBackend } from 'bullmq'
import { bullOptions, openBackend, type SharedBullOptions } from './bullmq-backend.ts'
import { entryData, entryId } from './offer-entry.ts'
import { PartitionRegistry } from './partition-registry.ts'
import { type QueueKeys, queueKeys } from './queue-keys.ts'

export interface PublisherOptions extends RedisDeps {
  readonly timers: Pick<Timers, 'partitionIdleMs'>
}

type PartitionView = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>

// One call to Redis stays far below its deadline.
const batchSize = 500
const atOnce = 50
const entriesAtOnce = 250
const queuesKept = 2_000
const highestPriority = 2_097_151

/** Opens the publishing side: one BullMQ queue per partition, all through one connection. Does not wait for Redis:
 *  every call fails as `unavailable` within two seconds while it is away, and works again when it is back. */
export const openPublisher = async (options: PublisherOptions): Promise<OfferPublisher> =>
  new Publisher(options)

class Publisher implements OfferPublisher {
  readonly #redis: Redis
  readonly #keys: QueueKeys
  readonly #registry: PartitionRegistry
  readonly #bull: SharedBullOptions
  readonly #root: RedisQueueBackend
  readonly #queues = new Map<string, PartitionView>()
  readonly #options: PublisherOptions
  readonly #pruning: NodeJS.Timeout

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#redis = connectRedis(options, 'publisher')
    this.#keys = queueKeys(options.redis.prefix)
    this.#registry = new PartitionRegistry(this.#redis, options.redis.prefix)
    this.#bull = bullOptions(this.#redis, { prefix: options.redis.prefix })
    this.#root = openBackend(this.#bull, (err) => this.#note(err))
    const { partitionIdleMs } = options.timers
    this.#pruning = setInterval(
      () => void this.#prune(partitionIdleMs),
      Math.min(Math.max(partitionIdleMs / 2, 20), 60_000),
    )
    this.#pruning.unref()
  }

  async publish(offers: readonly PublishedOffer[]): Promise<void> {
    for (const lines of batches([...byPartition(offers)])) {
      const partitions = new Map<string, Partition>()
      for (const [name, [first]] of lines) if (first) partitions.set(name, first.attributes)
      // The registry first: its script also protects the partitions from being pruned before the entries are in.
      await ask(this.#redis, () => this.#registry.register(partitions))
      // Several partitions at once: one after the other would be a round trip each; all at once may take longer than
      // one answer should on a busy machine.
      for (const call of callsOf(lines))
        await ask(this.#redis, () =>
          Promise.all(
            call.map(([name, entries]) => this.#queue(name).addBulk(entries.map(toEntry))),
          ),
        )
    }
  }

  async withdraw(offers: readonly (Offer & { readonly partition: string })[]): Promise<void> {
    for (const batch of batches(offers, atOnce))
      await ask(this.#redis, () =>
        Promise.all(
          // One that is fetched right now is left alone: accept refuses it.
          batch.map((offer) => this.#queue(offer.partition).remove(entryId(offer))),
        ),
      )
  }

  epoch(): Promise<string | null> {
    return ask(this.#redis, () => this.#redis.get(this.#keys.epoch))
  }

  async setEpoch(id: string): Promise<void> {
    await ask(this.#redis, () => this.#redis.set(this.#keys.epoch, id))
  }

  async depths(partitions: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const depths = new Map<string, number>()
    for (const names of batches(partitions)) {
      const counts = await this.#pipeline((pipeline) => {
        for (const name of names) {
          pipeline.llen(this.#keys.queue(name, 'wait'))
          pipeline.zcard(this.#keys.queue(name, 'prioritized'))
          pipeline.zcard(this.#keys.queue(name, 'delayed'))
          pipeline.llen(this.#keys.queue(name, 'active'))
        }
      })
      for (const [i, name] of names.entries()) {
        const four = counts.slice(4 * i, 4 * i + 4).map(Number)
        depths.set(
          name,
          four.reduce((sum, count) => sum + count, 0),
        )
      }
    }
    return depths
  }

  async missing(offers: readonly PublishedOffer[]): Promise<readonly PublishedOffer[]> {
    const missing: PublishedOffer[] = []
    for (const batch of batches(offers)) {
      const found = await this.#pipeline((pipeline) => {
        for (const offer of batch)
          pipeline.exists(this.#keys.queue(offer.partition, entryId(offer)))
      })
      missing.push(...batch.filter((_, i) => found[i] !== 1))
    }
    return missing
  }

  async place(offer: Offer & { readonly partition: string }): Promise<OfferPlace> {
    const key = (part: string) => this.#keys.queue(offer.partition, part)
    const id = entryId(offer)
    const [isThere, rank, waiting, prioritized] = await this.#pipeline((pipeline) => {
      pipeline.exists(key(id))
      pipeline.zrank(key('prioritized'), id)
      // Put back by a worker: BullMQ serves these first. Seldom more than a few.
      pipeline.llen(key('wait'))
      pipeline.zcard(key('prioritized'))
    })
    const depth = Number(waiting) + Number(prioritized)
    if (isThere !== 1) return { kind: 'missing', depth }
    return typeof rank === 'number'
      ? { kind: 'waiting', ahead: Number(waiting) + rank, depth }
      : { kind: 'fetched', depth }
  }

  async ping(): Promise<void> {
    await ask(this.#redis, () => this.#redis.ping())
  }

  async close(): Promise<void> {
    clearInterval(this.#pruning)
    for (const queue of this.#queues.values()) await queue.close()
    await this.#root.close(true)
    this.#redis.disconnect(false)
  }

  async #pipeline(fill: (pipeline: ChainableCommander) => void): Promise<readonly unknown[]> {
    return ask(this.#redis, async () => {
      const pipeline = this.#redis.pipeline()
      fill(pipeline)
      const replies = (await pipeline.exec()) ?? []
      return replies.map(([error, reply]) => {
        if (error) throw error
        return reply
      })
    })
  }

  #queue(name: string): PartitionView {
    const known = this.#queues.get(name)
    if (known) return known
    const queue: PartitionView = new Queue(
      name,
      { ...this.#bull, skipMetasUpdate: true },
      (queueName: string) => this.#root.forQueue(queueName, this.#bull.prefix),
    )
    queue.on('error', (err) => this.#note(err))
    this.#queues.set(name, queue)
    // A queue object is only a view; the oldest goes, so that a stream of new labels does not fill the memory.
    for (const [oldest, view] of this.#queues) {
      if (this.#queues.size <= queuesKept) break
      this.#queues.delete(oldest)
      view.close().catch(() => undefined)
    }
    return queue
  }

  async #prune(idleMs: number): Promise<void> {
    try {
      const removed = await ask(this.#redis, () => this.#registry.prune(idleMs))
      for (const name of removed) {
        this.#queues.delete(name)
        this.#options.log.info('partition removed, unused', { partition: name })
      }
    } catch (err) {
      this.#options.log.debug('partitions not pruned', { err })
    }
  }

  #note(err: Error): void {
    this.#options.log.debug('queue connection error', { err })
  }
}

const toEntry = (offer: PublishedOffer) => ({
  name: 'offer',
  data: entryData(offer),
  opts: {
    jobId: entryId(offer),
    // BullMQ serves entries without a priority before all others: every entry has one.
    priority: Math.min(Math.max(Math.trunc(offer.priority) || 1, 1), highestPriority),
    removeOnComplete: true,
    removeOnFail: true,
  },
})

const byPartition = (offers: readonly PublishedOffer[]): Map<string, PublishedOffer[]> =>
  Map.groupBy(offers, (offer) => offer.partition)

type Line = readonly [name: string, entries: readonly PublishedOffer[]]

/** What one call adds: a few entries to each of several partitions, or many to one. */
function* callsOf(lines: readonly Line[]): Generator<readonly Line[]> {
  let call: Line[] = []
  let size = 0
  for (const [name, all] of lines)
    for (const entries of batches(all, entriesAtOnce)) {
      if (call.length === atOnce || size + entries.length > entriesAtOnce) {
        if (call.length > 0) yield call
        call = []
        size = 0
      }
      call.push([name, entries])
      size += entries.length
    }
  if (call.length > 0) yield call
}

function* batches<T>(list: readonly T[], size = batchSize): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size)
}
