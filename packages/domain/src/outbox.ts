import type { LogKey } from './line.ts'

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
  /** The attempt ended and its worker left logs open: what their live streams hold goes to the archive. `logs`: which,
   *  where the steps do not know any more, for the stage runs again. */
  | {
      readonly kind: 'orphan_logs'
      readonly stageId: number
      readonly attempt: number
      readonly logs?: readonly Pick<LogKey, 'step' | 'try'>[]
    }
  /** The attempt was taken back with its steps: nobody will end these live streams. */
  | {
      readonly kind: 'dropped_logs'
      readonly stageId: number
      readonly attempt: number
      readonly logs: readonly Pick<LogKey, 'step' | 'try'>[]
    }

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
