import type { AttemptEnd, Mismatch, StageStatus } from '@waggle/domain'
import type { WorkerState } from '../workers/worker-state.ts'

/** A span in which something is likely to lie, milliseconds from now. */
export interface Span {
  readonly lowMs: number
  readonly highMs: number
}

/** How long the last stages of a repository and name took. */
export interface Durations {
  readonly lowMs: number
  readonly medianMs: number
  readonly highMs: number
  readonly samples: number
}

/** A stage that another one waits for. */
export interface AwaitedStage {
  readonly stageId: number
  readonly build: number
  readonly number: number
  readonly name: string
  readonly status: StageStatus
  /** It was lost with its worker and may still run there. */
  readonly isLost: boolean
  /** When it is likely to end; `null` = unknown. */
  readonly endsIn: Span | null
}

/** A worker that cannot serve the stage, and all attributes in which they differ. */
export interface NearWorker {
  readonly id: string
  readonly name: string
  readonly state: WorkerState
  readonly differs: readonly Mismatch[]
}

export interface NamedWorker {
  readonly id: string
  readonly name: string
  readonly lastSeenAt: number
}

/** Why a stage does not run: a closed word, and its figures. Times are the database's clock in milliseconds. */
export type WaitReason =
  | {
      readonly code: 'dependency'
      readonly stages: readonly Omit<AwaitedStage, 'endsIn' | 'isLost' | 'build'>[]
    }
  | { readonly code: 'approval'; readonly since: number }
  /** `since` 0: not known. */
  | { readonly code: 'paused'; readonly since: number; readonly by: string }
  | {
      readonly code: 'limit' | 'throttle'
      /** Most stages at once: of this name, or of the whole repository. */
      readonly limit: number
      /** How many count, and the first of them. */
      readonly count: number
      readonly heldBy: readonly AwaitedStage[]
    }
  /** No worker that is known could ever serve it. */
  | { readonly code: 'no_worker'; readonly known: number; readonly nearest: readonly NearWorker[] }
  /** Workers that could are not heard of. */
  | {
      readonly code: 'workers_away'
      readonly count: number
      readonly workers: readonly NamedWorker[]
    }
  | {
      readonly code: 'workers_drained'
      readonly count: number
      readonly workers: readonly NamedWorker[]
    }
  | {
      readonly code: 'workers_busy'
      readonly workers: number
      readonly slots: number
      readonly busy: number
      /** When the stage that is likely to end first does; `null` = unknown. */
      readonly slotFreeIn: Span | null
    }
  /** A slot is free, but others of the partition come first. */
  | { readonly code: 'others_first'; readonly ahead: number; readonly free: number }
  /** The queue has lost its entry. `isWhole`: all of the queue, so that the next check restores everything. */
  | { readonly code: 'not_queued'; readonly nextCheckAt: number; readonly isWhole: boolean }
  | { readonly code: 'queue_away' }
  /** A worker has fetched it and asks for it. */
  | { readonly code: 'offered' }
  /** Nothing holds it back: a worker is about to take it. */
  | { readonly code: 'due'; readonly free: number }
  | {
      readonly code: 'accepted' | 'running'
      readonly attempt: number
      readonly worker: string
      readonly since: number
      /** When its lease was last renewed. */
      readonly lastContactAt: number
    }
  | {
      readonly code: 'ended'
      readonly status: StageStatus
      readonly at: number
      readonly error: string
    }

/** An earlier attempt that did not bring the stage to its end. */
export interface PastAttempt {
  readonly number: number
  readonly worker: string
  readonly end: AttemptEnd
  readonly endedAt: number
}

/** Where a stage stands, why, and since when. */
export interface WaitReport {
  readonly state: 'waiting' | 'accepted' | 'running' | 'ended'
  readonly nowMs: number
  /** Since when it waits for a worker; 0 = it does not, or never did. */
  readonly pendingSince: number
  /** Never empty; what has to be mended by somebody comes first. */
  readonly reasons: readonly WaitReason[]
  /** Place in the queue of its partition, from 1; 0 = it is in none. */
  readonly position: number
  /** Entries that wait in that queue; `null` = not asked, or Redis does not answer. */
  readonly depth: number | null
  readonly durations: Durations | null
  /** `null` = unknown. */
  readonly startsIn: Span | null
  readonly endsIn: Span | null
  readonly past: readonly PastAttempt[]
}
