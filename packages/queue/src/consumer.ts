import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  canServe,
  failpoint,
  type OfferConsumer,
  type OfferConsumerOptions,
  type OfferOutcome,
  type Timers,
} from '@waggle/domain'
import { type Job, type RedisQueueBackend, WaitingError } from 'bullmq'
import type { Redis } from 'ioredis'
import { bullOptions, openBackend, type SharedBullOptions } from './bullmq-backend.ts'
import { MarkerWait } from './marker-wait.ts'
import { parseEntry } from './offer-entry.ts'
import { PartitionDirectory } from './partition-directory.ts'
import { PartitionProbe } from './partition-probe.ts'
import { PartitionQueue } from './partition-queue.ts'
import { type QueueKeys, queueKeys } from './queue-keys.ts'
import { ask, connectRedis, type RedisDeps, whenReady } from './redis-connection.ts'

export interface ConsumerOptions extends OfferConsumerOptions, RedisDeps {
  readonly timers: Pick<Timers, 'queueLockMs' | 'queueStalledMs'>
}

/** An `OfferConsumer` that can also be told to look again, as when `isReady` became true. */
export interface QueueConsumer extends OfferConsumer {
  wake(): void
}

const blockSeconds = 5
// An accept that takes longer has no answer: the API is away, and nothing else is taken meanwhile.
const slowAcceptMs = 1_000
const brokenPartitionMs = 1_000

/** Opens the consuming side: measured design c1 (measured.md §1). One connection for commands, one that blocks on the
 *  markers of all partitions that the worker can serve, and on a private bell. */
export const openConsumer = (options: ConsumerOptions): QueueConsumer => new Consumer(options)

class Consumer implements QueueConsumer {
  readonly #options: ConsumerOptions
  readonly #keys: QueueKeys
  readonly #redis: Redis
  readonly #markers: MarkerWait
  readonly #bull: SharedBullOptions
  readonly #root: RedisQueueBackend
  readonly #directory: PartitionDirectory
  readonly #probe: PartitionProbe
  readonly #queues = new Map<string, PartitionQueue>()
  readonly #stopping = new AbortController()
  readonly #takes = new Set<Promise<void>>()
  /** Partitions after a failed fetch, and when they are asked again (monotonic milliseconds). */
  readonly #broken = new Map<string, number>()
  /** Rotated: BZPOPMIN serves its keys from left to right, so who was served goes to the end. */
  #order: string[] = []
  /** Slots in use: fetching, accepting and running. The only admission control. */
  #held = 0
  #slowAccepts = 0
  #nextSweepAt = 0
  #wake: (() => void) | null = null
  /** By lock token, from fetch to the end of the entry: does the slot outlive it? */
  readonly #slots = new Map<string, { isKept: boolean }>()
  #loop: Promise<void> | null = null

  constructor(options: ConsumerOptions) {
    this.#options = options
    const { prefix } = options.redis
    this.#keys = queueKeys(prefix)
    this.#redis = connectRedis(options, `${options.workerId}:commands`)
    this.#markers = new MarkerWait(options, options.workerId, blockSeconds)
    this.#bull = bullOptions(this.#redis, {
      prefix,
      lockMs: options.timers.queueLockMs,
      workerName: options.workerId,
    })
    this.#root = openBackend(this.#bull, (err) => this.#note(err))
    this.#directory = new PartitionDirectory(this.#redis, prefix, options.log)
    this.#probe = new PartitionProbe(this.#redis, prefix)
  }

  /** Starts taking, also while Redis is away. */
  async start(): Promise<void> {
    if (this.#loop) return
    this.#directory.watch(() => this.#follow())
    this.#loop = this.#run()
  }

  wake(): void {
    this.#wake?.()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#markers.close()
    this.wake()
    await this.#loop
    await Promise.all(this.#takes)
    // A marker may have been popped by the connection that was just closed: leave none missing.
    await this.#quietly(async () => this.#probe.wake(await this.#probe.withWork(this.#order)))
  }

  async close(): Promise<void> {
    await this.stop()
    for (const queue of this.#queues.values()) await queue.close(true)
    await this.#quietly(() => this.#redis.del(this.#keys.bell(this.#options.workerId)))
    await this.#root.close(true)
    this.#redis.disconnect(false)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        // Full: not one command; the markers stay for others.
        if (this.#held >= this.#options.slots || this.#slowAccepts > 0) await this.#woken()
        else if (!this.#isReady()) await this.#woken(1_000)
        else if (performance.now() >= this.#nextSweepAt) await this.#sweep()
        else await this.#waitAndTake()
      } catch (err) {
        this.#note(err)
        await this.#woken(100 + Math.random() * 100)
      }
    }
  }

  async #waitAndTake(): Promise<void> {
    const now = performance.now()
    const names = this.#order.filter((name) => (this.#broken.get(name) ?? 0) <= now)
    const keys = names.map((name) => this.#keys.marker(name))
    const hit = await this.#markers.wait([...keys, this.#keys.bell(this.#options.workerId)])
    if (hit === 'nothing') return
    if (hit === 'unsure') {
      this.#nextSweepAt = 0
      await this.#woken(Math.random() * 200)
      return
    }
    const name = names[keys.indexOf(hit.key)]
    // Not a partition: the bell. A score in the future is the marker of delayed entries, which we never make.
    if (name === undefined || hit.score > Date.now()) return
    // Things may have changed during the wait: give the wake-up back.
    if (this.#stopping.signal.aborted || this.#slowAccepts > 0 || !this.#isReady())
      await this.#probe.wake([name])
    // The slot is reserved at once, so that the next wait may overlap with this fetch.
    else this.#take(name, true)
  }

  /** Looks for work whose marker was lost: in the hands of a killed worker, or with an answer on a dying socket. One
   *  script call over all partitions, every five seconds. */
  async #sweep(): Promise<void> {
    this.#nextSweepAt = performance.now() + blockSeconds * 1_000 * (0.8 + Math.random() * 0.2)
    if (!(await whenReady(this.#redis))) return
    await this.#refresh()
    const now = performance.now()
    for (const name of await ask(this.#redis, () => this.#probe.withWork(this.#order))) {
      if (this.#held >= this.#options.slots || this.#stopping.signal.aborted) return
      if ((this.#broken.get(name) ?? 0) <= now) this.#take(name, false)
    }
  }

  /** Fetches one entry and sees it through `onOffer`; settles when it is out of the queue or back in it. */
  #take(name: string, isPopped: boolean): void {
    this.#held++
    this.#toTheEnd(name)
    const take = this.#fetch(name, isPopped).finally(() => this.#takes.delete(take))
    this.#takes.add(take)
  }

  async #fetch(name: string, isPopped: boolean): Promise<void> {
    const token = `${this.#options.workerId}:${randomUUID()}`
    const queue = this.#queue(name)
    const slot = { isKept: false }
    try {
      const job: Job | undefined = await queue.getNextJob(token, { block: false })
      // () => false: never the next entry of the same partition, or the others starve.
      if (job) {
        this.#slots.set(token, slot)
        await queue.processJob(job, token, () => false)
      }
      this.#broken.delete(name)
    } catch (err) {
      await this.#failed(name, token, isPopped, err)
    } finally {
      this.#slots.delete(token)
      if (!slot.isKept) this.#free()
    }
  }

  /** BullMQ's processor: called under the lock, which BullMQ renews until this returns. */
  async #process(name: string, job: Job, token: string): Promise<void> {
    const offer = parseEntry(job.id, job.data)
    if (!offer) {
      this.#options.log.warn('queue entry is not an offer, removed', {
        partition: name,
        reason: String(job.id).slice(0, 100),
      })
      // Not by BullMQ, whose script trips over fields that it finds in such an entry.
      await this.#quietly(() => this.#probe.dropFetched(name, token))
      throw new WaitingError()
    }
    await failpoint('worker.fetched')
    const outcome = await this.#offer({ ...offer, partition: name })
    if (outcome.kind === 'settled') {
      this.#keepSlot(token, outcome.done)
      // Finished as soon as Redis is there; if the lock ran out before, the next accept of it is refused.
      await whenReady(this.#redis, 60_000, this.#stopping.signal)
      return
    }
    await this.#quietly(async () => {
      await job.moveToWait(token)
      // BullMQ sets no marker for an entry with a priority that goes back.
      await this.#probe.wake([name])
    })
    // Also where that failed: then its lock runs out and the stalled check puts it back. Any other error would end it.
    throw new WaitingError()
  }

  async #offer(offer: Parameters<ConsumerOptions['onOffer']>[0]): Promise<OfferOutcome> {
    let isSlow = false
    const slow = setTimeout(() => {
      isSlow = true
      this.#slowAccepts++
    }, slowAcceptMs)
    try {
      return await this.#options.onOffer(offer, this.#stopping.signal)
    } catch (err) {
      this.#options.log.error('offer not handled, put back', {
        err,
        'stage.id': offer.stageId,
        attempt: offer.attempt,
      })
      // It would come back at once, and again.
      await delay(1_000, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      return { kind: 'unanswered' }
    } finally {
      clearTimeout(slow)
      if (isSlow) this.#slowAccepts--
      this.wake()
    }
  }

  #keepSlot(token: string, done: Promise<void>): void {
    const slot = this.#slots.get(token)
    if (!slot) return
    slot.isKept = true
    done.then(
      () => this.#free(),
      (err) => {
        this.#options.log.error('stage ended with an error', { err })
        this.#free()
      },
    )
  }

  #free(): void {
    this.#held--
    this.wake()
  }

  async #failed(name: string, token: string, isPopped: boolean, err: unknown): Promise<void> {
    this.#note(err)
    await this.#quietly(async () => {
      const isRemoved =
        err instanceof SyntaxError && (await this.#probe.dropFetched(name, token)) > 0
      if (isRemoved)
        this.#options.log.warn('queue entry cannot be read, removed', { partition: name })
      else this.#rest(name)
      // Give the wake-up back.
      if (isPopped || isRemoved) await this.#probe.wake([name])
    })
  }

  /** Not at once again: a queue that cannot be read would take all the worker's time. */
  #rest(name: string): void {
    this.#broken.set(name, performance.now() + brokenPartitionMs)
    const timer = setTimeout(() => void this.#quietly(() => this.#ring()), brokenPartitionMs + 10)
    timer.unref()
  }

  /** Ends the blocking wait, so that it begins again with the partitions of now. */
  async #ring(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const bell = this.#keys.bell(this.#options.workerId)
    await this.#redis.pipeline().zadd(bell, 0, 'x').expire(bell, 60).exec()
  }

  /** Learns of new and vanished partitions, and lets the blocking wait see them. */
  #follow(): void {
    if (this.#stopping.signal.aborted) return
    void this.#quietly(async () => {
      if (await this.#refresh()) await this.#ring()
    })
  }

  async #refresh(): Promise<boolean> {
    if (!(await ask(this.#redis, () => this.#directory.refresh()))) return false
    const mine = new Set<string>()
    for (const [name, partition] of this.#directory.partitions)
      if (canServe(this.#options.profile, partition)) mine.add(name)
    const known = new Set(this.#order)
    const fresh = [...mine].filter((name) => !known.has(name))
    // New ones at random places: workers that start together do not all begin with the same partition.
    const order = this.#order.filter((name) => mine.has(name))
    for (const name of fresh) order.splice(Math.floor(Math.random() * (order.length + 1)), 0, name)
    this.#order = order
    for (const [name, queue] of this.#queues) {
      if (mine.has(name)) continue
      this.#queues.delete(name)
      this.#broken.delete(name)
      await queue.close(true)
    }
    if (fresh.length > 0) this.#options.log.info('serving partitions', { count: order.length })
    return true
  }

  #queue(name: string): PartitionQueue {
    const known = this.#queues.get(name)
    if (known) return known
    const queue = new PartitionQueue(
      name,
      (job, token) => this.#process(name, job, token ?? ''),
      this.#bull,
      this.#root,
    )
    queue.on('error', (err) => this.#note(err))
    queue.begin()
    this.#queues.set(name, queue)
    return queue
  }

  #toTheEnd(name: string): void {
    const at = this.#order.indexOf(name)
    if (at >= 0) this.#order.push(...this.#order.splice(at, 1))
  }

  #isReady(): boolean {
    return this.#options.isReady?.() ?? true
  }

  /** Resolves when something changed here: a slot became free, `wake`, stop; or after a time. */
  async #woken(withinMs?: number): Promise<void> {
    if (this.#stopping.signal.aborted) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (withinMs !== undefined) timer = setTimeout(resolve, withinMs)
    })
    clearTimeout(timer)
    this.#wake = null
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await ask(this.#redis, work)
    } catch (err) {
      this.#note(err)
    }
  }

  #note(err: unknown): void {
    this.#options.log.debug('queue connection error', { err })
  }
}
