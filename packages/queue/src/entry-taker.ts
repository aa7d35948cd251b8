import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  failpoint,
  type Logger,
  type OfferConsumerOptions,
  type OfferOutcome,
} from '@waggle/domain'
import { whenReady } from '@waggle/redis'
import { type Job, type RedisQueueBackend, WaitingError } from 'bullmq'
import type { SharedBullOptions } from './bullmq-backend.ts'
import { parseEntry } from './offer-entry.ts'
import type { PartitionProbe } from './partition-probe.ts'
import { PartitionQueue } from './partition-queue.ts'
import type { QuietRedis } from './quiet-redis.ts'
import type { ServedPartitions } from './served-partitions.ts'
import type { Slot, Slots } from './slots.ts'

export interface EntryTakerDeps extends Pick<OfferConsumerOptions, 'workerId' | 'onOffer'> {
  readonly quiet: QuietRedis
  readonly bull: SharedBullOptions
  readonly root: RedisQueueBackend
  readonly probe: PartitionProbe
  readonly partitions: Pick<ServedPartitions, 'rest' | 'rouse'>
  readonly slots: Slots
  readonly log: Logger
  /** Fires when the consumer stops. */
  readonly signal: AbortSignal
}

// An accept that takes longer has no answer: the API is away, and nothing else is taken meanwhile.
const slowAcceptMs = 1_000

/** Takes entries out of the queues: fetches one, hands it to `onOffer` under BullMQ's lock, and finishes it or puts it
 *  back. */
export class EntryTaker {
  readonly #deps: EntryTakerDeps
  readonly #queues = new Map<string, PartitionQueue>()
  readonly #takes = new Set<Promise<void>>()
  /** By lock token, from fetch to the end of the entry. */
  readonly #slots = new Map<string, Slot>()
  #hasFound = false

  constructor(deps: EntryTakerDeps) {
    this.#deps = deps
  }

  /** Whether the fetch that ended last found an entry. */
  get hasFound(): boolean {
    return this.#hasFound
  }

  /** Fetches one entry, its slot reserved at once, and sees it through. `isPopped`: its marker was taken. */
  take(name: string, isPopped: boolean): void {
    const slot = this.#deps.slots.use()
    const take = this.#fetch(name, isPopped, slot).finally(() => this.#takes.delete(take))
    this.#takes.add(take)
  }

  /** Resolves when everything that was taken is out of its queue or back in it. */
  async settled(): Promise<void> {
    await Promise.all(this.#takes)
  }

  /** Closes the queues of all other partitions. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    for (const [name, queue] of this.#queues) {
      if (names.has(name)) continue
      this.#queues.delete(name)
      await queue.close(true)
    }
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close(true)
  }

  async #fetch(name: string, isPopped: boolean, slot: Slot): Promise<void> {
    const token = `${this.#deps.workerId}:${randomUUID()}`
    try {
      const queue = this.#queue(name)
      const job: Job | undefined = await queue.getNextJob(token, { block: false })
      this.#hasFound = job !== undefined
      // () => false: never the next entry of the same partition, or the others starve.
      if (job) {
        this.#slots.set(token, slot)
        await queue.processJob(job, token, () => false)
      }
      this.#deps.partitions.rouse(name)
    } catch (err) {
      await this.#failed(name, token, isPopped, err)
    } finally {
      this.#slots.delete(token)
      slot.release()
    }
  }

  /** BullMQ's processor: called under the lock, which BullMQ renews until this returns. */
  async #process(name: string, job: Job, token: string): Promise<void> {
    const { quiet, probe, log, signal } = this.#deps
    const offer = parseEntry(job.id, job.data)
    if (!offer) {
      log.warn('queue entry is not an offer, removed', {
        partition: name,
        reason: String(job.id).slice(0, 100),
      })
      // Not by BullMQ, whose script trips over fields that it finds in such an entry.
      await quiet.do(() => probe.dropFetched(name, token))
      throw new WaitingError()
    }
    await failpoint('worker.fetched')
    const outcome = await this.#offer({ ...offer, partition: name })
    if (outcome.kind === 'settled') {
      this.#slots.get(token)?.keep(outcome.done)
      // Finished as soon as Redis is there; if the lock ran out before, the next accept of it is refused.
      await whenReady(quiet.redis, 60_000, signal)
      return
    }
    await quiet.do(async () => {
      await job.moveToWait(token)
      // BullMQ sets no marker for an entry with a priority that goes back.
      await probe.wake([name])
    })
    // Also where that failed: then its lock runs out and the stalled check puts it back. Any other error would end it.
    throw new WaitingError()
  }

  #offer(offer: Parameters<EntryTakerDeps['onOffer']>[0]): Promise<OfferOutcome> {
    const { onOffer, slots, log, signal } = this.#deps
    return slots.accept(slowAcceptMs, async () => {
      try {
        return await onOffer(offer, signal)
      } catch (err) {
        log.error('offer not handled, put back', {
          err,
          'stage.id': offer.stageId,
          attempt: offer.attempt,
        })
        // It would come back at once, and again.
        await delay(1_000, undefined, { signal }).catch(() => undefined)
        return { kind: 'unanswered' }
      }
    })
  }

  async #failed(name: string, token: string, isPopped: boolean, err: unknown): Promise<void> {
    const { quiet, probe, partitions, log } = this.#deps
    quiet.note(err)
    this.#hasFound = false
    await quiet.do(async () => {
      const isRemoved = err instanceof SyntaxError && (await probe.dropFetched(name, token)) > 0
      if (isRemoved) log.warn('queue entry cannot be read, removed', { partition: name })
      else partitions.rest(name)
      // Give the wake-up back.
      if (isPopped || isRemoved) await probe.wake([name])
    })
  }

  #queue(name: string): PartitionQueue {
    const known = this.#queues.get(name)
    if (known) return known
    const { bull, root, quiet } = this.#deps
    const queue = new PartitionQueue(
      name,
      (job, token) => this.#process(name, job, token ?? ''),
      bull,
      root,
    )
    queue.on('error', (err) => quiet.note(err))
    queue.begin()
    this.#queues.set(name, queue)
    return queue
  }
}
