import type { WorkerProfile } from './partition.ts'

/** A worker process as the control plane knows it. The name is a label for people and decides nothing. */
export interface WorkerRecord extends WorkerProfile {
  readonly id: string
  readonly bootId: string
  readonly name: string
  readonly version: string
  readonly slots: number
  /** Lower-case hex SHA-256 of the token that this boot identifies itself with. */
  readonly tokenHash: string
  readonly isDraining: boolean
  /** Database clock, milliseconds. */
  readonly registeredAt: number
  readonly lastSeenAt: number
}

export type NewWorker = Omit<WorkerRecord, 'registeredAt' | 'lastSeenAt' | 'isDraining'>

export interface WorkerStore {
  find(id: string): Promise<WorkerRecord | null>
  list(): Promise<readonly WorkerRecord[]>
  /** Inserts, or takes over the row of the same id with the new boot. */
  register(worker: NewWorker): Promise<WorkerRecord>
  /** Notes a sign of life; `false` when the boot is no longer the current one. */
  touch(id: string, bootId: string): Promise<boolean>
  /** A name no other live worker has: `name`, `name (2)`, … */
  freeName(name: string, exceptId: string): Promise<string>
}
