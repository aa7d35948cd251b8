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
  /** Asked by a person to take nothing new; survives the worker's restarts. */
  readonly isDraining: boolean
  /** Since when and by whom; 0 and empty where it is not. */
  readonly drainedAt: number
  readonly drainedBy: string
  /** Database clock, milliseconds. */
  readonly registeredAt: number
  readonly lastSeenAt: number
}

export type NewWorker = Omit<
  WorkerRecord,
  'registeredAt' | 'lastSeenAt' | 'isDraining' | 'drainedAt' | 'drainedBy'
>

export interface WorkerStore {
  find(id: string): Promise<WorkerRecord | null>
  list(): Promise<readonly WorkerRecord[]>
  /** Inserts, or takes over the row of the same id with the new boot. Whether it is drained stays. */
  register(worker: NewWorker): Promise<WorkerRecord>
  /** Notes a sign of life, and says whether the worker is drained; `null` when the boot is no longer the current one. */
  touch(id: string, bootId: string): Promise<Pick<WorkerRecord, 'isDraining'> | null>
  /** Drains the worker for the person named, or lets it take stages again (`null`). Draining one that is drained
   *  changes nothing. `null` = not there. */
  drain(id: string, by: string | null): Promise<WorkerRecord | null>
  /** Forgets a worker that has been silent for `silentMs` and holds no attempt; `false` = not there, or not so. */
  deleteSilent(id: string, silentMs: number): Promise<boolean>
  /** A name no other live worker has: `name`, `name (2)`, … */
  freeName(name: string, exceptId: string): Promise<string>
}
