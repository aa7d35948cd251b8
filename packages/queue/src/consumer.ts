import type { OfferConsumer, OfferConsumerOptions, Timers } from '@waggle/domain'
import { ask, connectRedis, type RedisDeps, whenReady } from '@waggle/redis'
import type { RedisQueueBackend } from 'bullmq'
import { bullOptions, openBackend } from './bullmq-backend.ts'
import { EntryTaker } from './entry-taker.ts'
import { MarkerWait } from './marker-wait.ts'
import { PartitionProbe } from './partition-probe.ts'
import { type QueueKeys, queueKeys } from './queue-keys.ts'
import { QuietRedis } from './quiet-redis.ts'
import { ServedPartitions } from './served-partitions.ts'
import { Slots } from './slots.ts'

export interface ConsumerOptions extends OfferConsumerOptions, RedisDeps {
  readonly timers: Pick<Timers, 'queueLockMs' | 'queueStalledMs'>
}

/** An `OfferConsumer` that can also be told to look again, as when `isReady` became true. */
export interface QueueConsumer extends OfferConsumer {
  wake(): void
}

const blockSeconds = 5

/** Opens the consuming side: measured design c1 (measured.md §1). One connection for commands, one that blocks on the
 *  markers of all partitions that the worker can serve, and on a private bell. */
export const openConsumer = (options: ConsumerOptions): QueueConsumer => new Consumer(options)

/** The loop: wait for a slot, then for a marker, then let the entry be taken. */
class Consumer implements QueueConsumer {
  readonly #options: ConsumerOptions
  readonly #keys: QueueKeys
  readonly #quiet: QuietRedis
  readonly #markers: MarkerWait
  readonly #root: RedisQueueBackend
  readonly #probe: PartitionProbe
  readonly #slots: Slots
  readonly #partitions: ServedPartitions
  readonly #taker: EntryTaker
  readonly #stopping = new AbortController()
  #nextSweepAt = 0
  /** All slots were in use, and since then no fetch found nothing. */
  #wasFull = false
  #loop: Promise<void> | null = null

  constructor(options: ConsumerOptions) {
    this.#options = options
    const { prefix } = options.redis
    const { log, workerId, profile, slots, onOffer } = options
    const { signal } = this.#stopping
    this.#keys = queueKeys(prefix)
    const redis = connectRedis(options, `${workerId}:commands`, {
      // BullMQ sends its first commands before the connection is there.
      enableOfflineQueue: true,
    })
    this.#quiet = new QuietRedis(redis, log)
    this.#markers = new MarkerWait(options, workerId, blockSeconds)
    const lockMs = options.timers.queueLockMs
    const bull = bullOptions(redis, { prefix, lockMs, workerName: workerId })
    this.#root = openBackend(bull, (err) => this.#quiet.note(err))
    this.#probe = new PartitionProbe(redis, prefix)
    this.#slots = new Slots(slots, (err) => log.error('stage ended with an error', { err }))
    const shared = { quiet: this.#quiet, workerId, log, signal }
    const onChange = (names: ReadonlySet<string>) => this.#taker.keepOnly(names)
    this.#partitions = new ServedPartitions({ ...shared, prefix, profile, onChange })
    this.#taker = new EntryTaker({
      ...shared,
      onOffer,
      bull,
      root: this.#root,
      probe: this.#probe,
      partitions: this.#partitions,
      slots: this.#slots,
    })
  }

  /** Starts taking, also while Redis is away. */
  async start(): Promise<void> {
    if (this.#loop) return
    this.#partitions.watch()
    this.#loop = this.#run()
  }

  wake(): void {
    this.#slots.wake()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#markers.close()
    this.wake()
    await this.#loop
    await this.#taker.settled()
    // A marker may have been popped by the connection that was just closed: leave none missing.
    await this.#quiet.do(async () =>
      this.#probe.wake(await this.#probe.withWork(this.#partitions.all)),
    )
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#taker.close()
    await this.#quiet.do(() => this.#quiet.redis.del(this.#partitions.bell))
    await this.#root.close(true)
    this.#quiet.redis.disconnect(false)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        // Full: not one command; the markers stay for others.
        if (!this.#slots.hasRoom || this.#slots.isHeldUp) {
          this.#wasFull ||= !this.#slots.hasRoom
          await this.#woken()
        } else if (!this.#isReady()) await this.#woken(1_000)
        else if (performance.now() >= this.#nextSweepAt) await this.#sweep()
        else if (this.#isBacklogged()) this.#takeUnasked()
        else await this.#waitAndTake()
      } catch (err) {
        this.#quiet.note(err)
        await this.#woken(100 + Math.random() * 100)
      }
    }
  }

  /** There was more than this worker had room for, and there is but one place to look. */
  #isBacklogged(): boolean {
    this.#wasFull &&= this.#taker.hasFound
    return this.#wasFull && this.#partitions.awake().length === 1
  }

  /** Without its marker: under load that answers at once, and its wait is a fifth of what a stage costs in Redis. One
   *  fetch that finds nothing, and the marker is waited for again. */
  #takeUnasked(): void {
    const [name] = this.#partitions.awake()
    if (name !== undefined) this.#take(name, false)
  }

  async #waitAndTake(): Promise<void> {
    const names = this.#partitions.awake()
    const keys = names.map((name) => this.#keys.marker(name))
    const hit = await this.#markers.wait([...keys, this.#partitions.bell])
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
    if (this.#stopping.signal.aborted || this.#slots.isHeldUp || !this.#isReady())
      await this.#probe.wake([name])
    // The slot is reserved at once, so that the next wait may overlap with this fetch.
    else this.#take(name, true)
  }

  /** Looks for work whose marker was lost: in the hands of a killed worker, or with an answer on a dying socket. One
   *  script call over all partitions, every five seconds. */
  async #sweep(): Promise<void> {
    this.#nextSweepAt = performance.now() + blockSeconds * 1_000 * (0.8 + Math.random() * 0.2)
    const { redis } = this.#quiet
    if (!(await whenReady(redis))) return
    await this.#partitions.refresh()
    for (const name of await ask(redis, () => this.#probe.withWork(this.#partitions.all))) {
      if (!this.#slots.hasRoom || this.#stopping.signal.aborted) return
      if (this.#partitions.isAwake(name)) this.#take(name, false)
    }
  }

  #take(name: string, isPopped: boolean): void {
    this.#partitions.toTheEnd(name)
    this.#taker.take(name, isPopped)
  }

  #isReady(): boolean {
    return this.#options.isReady?.() ?? true
  }

  async #woken(withinMs?: number): Promise<void> {
    if (!this.#stopping.signal.aborted) await this.#slots.woken(withinMs)
  }
}
