/** A webhook or call as it came in, and what became of it. A repeat of one that built gets the first build. */
export interface Delivery {
  readonly id: number
  readonly repoId: number
  /** What makes two deliveries the same: the sender's delivery id or idempotency key. */
  readonly key: string
  readonly buildId: number
  /** Why nothing was built; empty when something was. */
  readonly reason: string
  readonly createdAt: number
}

export interface DeliveryStore {
  findByKey(repoId: number, key: string): Promise<Delivery | null>
  /** Takes the key inside the build's transaction: `false` when another delivery holds it with a build. */
  claim(repoId: number, key: string): Promise<boolean>
  settle(repoId: number, key: string, buildId: number, reason: string): Promise<void>
}
