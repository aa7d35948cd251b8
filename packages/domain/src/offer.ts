import type { Partition, WorkerProfile } from './partition.ts'

/** A queue entry: "this stage may run, as this attempt". A hint, not the truth: `accept` decides (rule G1). */
export interface Offer {
  readonly stageId: number
  /** The attempt number that an accept of it would make. */
  readonly attempt: number
}

/** Publishing side, in the API. Publishing the same offer twice is one entry. */
export interface OfferPublisher {
  publish(offers: readonly PublishedOffer[]): Promise<void>
  /** Takes offers back that nobody fetched yet; what is gone is fine. */
  withdraw(offers: readonly (Offer & { readonly partition: string })[]): Promise<void>
  /** The epoch id that Redis holds, `null` when it holds none: then it lost everything. */
  epoch(): Promise<string | null>
  setEpoch(id: string): Promise<void>
  /** How many entries each partition's queue holds, waiting and fetched. */
  depths(partitions: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Which of these offers the queues do not hold: for the rolling comparison. */
  missing(offers: readonly PublishedOffer[]): Promise<readonly PublishedOffer[]>
  /** Where the offer stands in its queue. */
  place(offer: Offer & { readonly partition: string }): Promise<OfferPlace>
  ping(): Promise<void>
  close(): Promise<void>
}

export interface PublishedOffer extends Offer {
  /** Canonical name; see `partitionName`. */
  readonly partition: string
  readonly attributes: Partition
  /** Lower is sooner; 1 to 2,097,151. */
  readonly priority: number
}

/** waiting: `ahead` entries of its partition come first. fetched: a worker holds it and asks whether it may have it.
 *  missing: the queue does not hold it. `depth`: entries that wait in the partition, itself included. */
export type OfferPlace =
  | { readonly kind: 'waiting'; readonly ahead: number; readonly depth: number }
  | { readonly kind: 'fetched' | 'missing'; readonly depth: number }

/** What became of an offer that a worker was given. */
export type OfferOutcome =
  /** Accepted, or refused for good: the entry is finished. `done` resolves when the slot is free again. */
  | { readonly kind: 'settled'; readonly done: Promise<void> }
  /** No answer: nothing is finished, the entry goes back. */
  | { readonly kind: 'unanswered' }

/** Consuming side, in the worker: holds at most `slots` stages, waits without polling, takes partitions in turn
 *  (measured design c1). */
export interface OfferConsumer {
  start(): Promise<void>
  /** Takes nothing new from now on; resolves when no fetch is in flight any more. */
  stop(): Promise<void>
  close(): Promise<void>
}

export interface OfferConsumerOptions {
  readonly workerId: string
  readonly profile: WorkerProfile
  readonly slots: number
  /** Asked before a fetch: `false` keeps the worker from taking work, as while its engine is away. */
  readonly isReady?: () => boolean
  /** Called once per fetched entry, under BullMQ's lock, with a slot reserved. Repeats the same accept with
   *  back-off while the API gives no answer; `signal` fires when the consumer stops. */
  readonly onOffer: (
    offer: Offer & { readonly partition: string },
    signal: AbortSignal,
  ) => Promise<OfferOutcome>
}

/** Small messages beside the queue. All of them may be lost: each has a row in SQL behind it. */
export interface Signals {
  /** Tells a worker on its own channel that something of it was cancelled. Gives how many heard it. */
  notifyCancel(workerId: string, message: CancelMessage): Promise<number>
  /** Listens on the worker's channel; `onGap` is called after each reconnect: what was said meanwhile is lost. */
  watchCancels(
    workerId: string,
    handlers: { readonly onCancel: (message: CancelMessage) => void; readonly onGap: () => void },
  ): Promise<Unsubscribe>
  /** Tells every API process that a build changed: ids and version, no data (design §10). */
  publishChange(change: BuildChange): Promise<void>
  watchChanges(handlers: {
    readonly onChange: (change: BuildChange) => void
    readonly onGap: () => void
  }): Promise<Unsubscribe>
}

export type Unsubscribe = () => Promise<void>

export interface CancelMessage {
  readonly stageId: number
  readonly attempt: number
}

export interface BuildChange {
  readonly repoId: number
  readonly buildId: number
  /** The build's version, where the change touched its row; 0 = one of its stages or steps changed: read again. */
  readonly version: number
}
