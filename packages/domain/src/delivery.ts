import type { Page } from './repo.ts'

/** What became of a delivery.
 *
 *  working   being evaluated; the process that did may be gone
 *  built     it has a build, perhaps one in error
 *  repeated  it says what another delivery said minutes ago, and has that one's build
 *  skipped   the trigger decided that there is nothing to build
 *  ignored   it asks for no build: a deleted branch, an inactive repository
 *  refused   it is not genuine, or nobody can read it
 *  failed    the system failed; sent again, it is evaluated again */
export const deliveryOutcomes = [
  'working',
  'built',
  'repeated',
  'skipped',
  'ignored',
  'refused',
  'failed',
] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

export const deliveryWays = ['webhook', 'call', 'cron'] as const
export type DeliveryWay = (typeof deliveryWays)[number]

/** A webhook or call as it came in, and what became of it. A repeat of one that built gets the first build. */
export interface Delivery {
  readonly id: number
  readonly repoId: number
  /** What makes two deliveries the same: the sender's delivery id or idempotency key. */
  readonly key: string
  readonly via: DeliveryWay
  readonly outcome: DeliveryOutcome
  /** 0 = none. The number outlives the build. */
  readonly buildId: number
  readonly buildNumber: number
  /** Why nothing was built, by the rule that decided. Where something was: what of it no worker took at that time. */
  readonly reason: string
  readonly event: string
  readonly ref: string
  readonly commit: string
  /** Who triggered it: `@hook`, `@cron`, or a login. */
  readonly sender: string
  /** Lower-case hex SHA-256 of the request's body, and its length; empty and 0 where there was none. */
  readonly bodyHash: string
  readonly bodyBytes: number
  /** Digest of what it asks for, by which two deliveries with different ids are the same; empty = not compared. */
  readonly content: string
  /** What to evaluate when it is delivered again, encrypted; `null` = not kept. Read by `find` and `findByKey` only. */
  readonly requestSealed: Uint8Array | null
  /** How often it was evaluated. */
  readonly tries: number
  readonly createdAt: number
  readonly updatedAt: number
}

export type NewDelivery = Omit<
  Delivery,
  'id' | 'outcome' | 'buildId' | 'buildNumber' | 'reason' | 'tries' | 'createdAt' | 'updatedAt'
>

export interface DeliveryEnd {
  readonly outcome: DeliveryOutcome
  readonly buildId?: number
  readonly buildNumber?: number
  readonly reason?: string
  readonly commit?: string
}

export interface DeliveryFilter {
  readonly outcome?: DeliveryOutcome
}

export interface DeliveryStore {
  find(repoId: number, id: number): Promise<Delivery | null>
  findByKey(repoId: number, key: string): Promise<Delivery | null>
  /** Newest first, without what was asked for. */
  list(repoId: number, filter: DeliveryFilter, page: Page): Promise<readonly Delivery[]>
  /** Takes the key, and with it the right to decide: `working`, until it is settled. `null` when another delivery holds
   *  the key with a build that is younger than `keepMs`. Inside the build's transaction a second claim of the key waits
   *  until the first one's has ended. `isFurtherTry`: count it, if the delivery was there before. */
  claim(
    delivery: NewDelivery,
    options: { readonly keepMs: number; readonly isFurtherTry: boolean },
  ): Promise<Delivery | null>
  settle(repoId: number, key: string, end: DeliveryEnd): Promise<void>
  /** One whose outcome is known from the start, and whose key nobody else has. */
  create(delivery: NewDelivery, end: DeliveryEnd): Promise<void>
  /** The youngest delivery that built this content within `withinMs`. */
  findBuilt(repoId: number, content: string, withinMs: number): Promise<Delivery | null>
  /** Forgets this build of a delivery, so that it is evaluated anew; does nothing if it has another one by now. */
  reopen(repoId: number, id: number, buildId: number): Promise<void>
  /** Deliveries that are `working` since longer than `olderThanMs`, oldest first: whoever worked on them is gone. */
  listStuck(olderThanMs: number, limit: number): Promise<readonly Delivery[]>
}
