/** One lease of one stage. Its number is the fence: everything a worker writes carries it (design §7).
 *
 *  leased   accepted, nothing granted but the implicit clone: taken back when the worker goes silent
 *  granted  at least one step may have run: lost when the worker goes silent
 *  closing  the stage was ended from outside (cancel); the worker may still seal lines, note exit codes and acknowledge
 *  ended    final */
export type AttemptState = 'leased' | 'granted' | 'closing' | 'ended'

export type AttemptEnd = 'finished' | 'released' | 'requeued' | 'lost' | 'cancelled' | 'superseded'

export interface Attempt {
  readonly stageId: number
  readonly number: number
  readonly buildId: number
  readonly workerId: string
  readonly bootId: string
  readonly workerName: string
  readonly requestId: string
  readonly state: AttemptState
  /** Lower-case hex SHA-256 of the lease token. */
  readonly tokenHash: string
  /** Its worker ends what it runs by itself when it is cut off for `selfFenceMs`, so that the stage may run again. */
  readonly isFenced: boolean
  /** Encrypted answer of accept, kept until the attempt ends so that a repeat gets the same bytes. */
  readonly answerSealed: Uint8Array | null
  /** Database clock, milliseconds. */
  readonly acceptedAt: number
  readonly renewedAt: number
  readonly endedAt: number
  readonly end: AttemptEnd | ''
  /** When the cancel that closes it was requested, seen by the worker, and acknowledged; 0 = not yet. */
  readonly cancelRequestedAt: number
  readonly cancelSeenAt: number
  readonly cancelDoneAt: number
}

export interface NewAttempt {
  readonly stageId: number
  readonly number: number
  readonly buildId: number
  readonly workerId: string
  readonly bootId: string
  readonly workerName: string
  readonly requestId: string
  readonly tokenHash: string
  readonly isFenced: boolean
  readonly answerSealed: Uint8Array
}

export interface AttemptPatch {
  readonly state?: AttemptState
  readonly end?: AttemptEnd
  /** `true` sets the column to the database's clock. */
  readonly cancelRequested?: boolean
  readonly cancelSeen?: boolean
  readonly cancelDone?: boolean
}

export interface AttemptRef {
  readonly stageId: number
  readonly attempt: number
}

/** `answerSealed` is read by `find` and `findByRequest` only; everything else gives `null`, for it may be megabytes. */
export interface AttemptStore {
  find(stageId: number, number: number): Promise<Attempt | null>
  /** As `find`, without the answer: what every call under a lease looks at. */
  findLease(stageId: number, number: number): Promise<Attempt | null>
  /** Found by what makes an accept a repeat: worker, boot and request id. */
  findByRequest(workerId: string, bootId: string, requestId: string): Promise<Attempt | null>
  /** Attempts of the worker that have not ended, whatever its boot. */
  listOpenByWorker(workerId: string): Promise<readonly Attempt[]>
  /** `renewedAt` and `acceptedAt` are the database's clock. */
  create(attempt: NewAttempt): Promise<Attempt>
  /** Compare-and-set on the state; sets `endedAt` and forgets `answerSealed` where the new state is `ended`. */
  update(
    stageId: number,
    number: number,
    patch: AttemptPatch,
    from: readonly AttemptState[],
  ): Promise<Attempt | null>
  /** The same for those who need no more than whether it was done. */
  change(
    stageId: number,
    number: number,
    patch: AttemptPatch,
    from: readonly AttemptState[],
  ): Promise<boolean>
  /** Renews, by the database's clock, those of the named attempts that this worker and boot hold; gives those. */
  renew(workerId: string, bootId: string, refs: readonly AttemptRef[]): Promise<readonly Attempt[]>
  /** Open attempts not renewed for longer than their state allows, oldest first, by the database's clock. */
  listSilent(limits: { requeueMs: number; lostMs: number }): Promise<readonly Attempt[]>
  /** Locks the attempt if it is still silent beyond `silentMs`: a heartbeat that came first wins (rule G9). */
  lockIfSilent(stageId: number, number: number, silentMs: number): Promise<Attempt | null>
  /** How many distinct workers hold open attempts (the breaker's denominator). */
  countHolders(): Promise<number>
  /** How many attempts each worker holds; of those that hold none nothing. */
  countOpenByWorker(): Promise<ReadonlyMap<string, number>>
  /** Open attempts of these workers, the longest accepted first. */
  listOldestOpen(workerIds: readonly string[], limit: number): Promise<readonly Attempt[]>
  /** The last attempts of the stage, newest first. */
  listByStage(stageId: number, limit: number): Promise<readonly Attempt[]>
  /** How many attempts of the stage ended by the loss of their worker (rule W10). */
  countLosses(stageId: number): Promise<number>
  /** Attempts of these stages that a cancel was asked for. */
  listCancels(stageIds: readonly number[]): Promise<readonly Attempt[]>
}
