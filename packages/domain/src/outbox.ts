/** What a transaction promised to tell after its commit. Pumped until done; each message may be sent twice. */
export type OutboxMessage =
  | { readonly kind: 'offer'; readonly stageId: number; readonly attempt: number }
  | {
      readonly kind: 'withdraw'
      readonly stageId: number
      readonly attempt: number
      readonly partition: string
    }
  | {
      readonly kind: 'cancel'
      readonly stageId: number
      readonly attempt: number
      readonly workerId: string
    }
  /** The attempt ended without its worker: what its live streams hold goes to the archive. */
  | { readonly kind: 'orphan_logs'; readonly stageId: number; readonly attempt: number }

export interface OutboxRow {
  readonly id: number
  readonly message: OutboxMessage
  readonly createdAt: number
}

export interface OutboxStore {
  add(messages: readonly OutboxMessage[]): Promise<readonly OutboxRow[]>
  /** Oldest first. */
  list(limit: number): Promise<readonly OutboxRow[]>
  delete(ids: readonly number[]): Promise<void>
}
