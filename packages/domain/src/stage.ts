import type { Labels, Platform } from './platform.ts'
import type { StageStatus } from './status.ts'

/** One pipeline of one build; what a worker leases (rest-api.md §6.5). Times in milliseconds, 0 = never. */
export interface Stage extends Platform {
  readonly id: number
  readonly repoId: number
  readonly buildId: number
  readonly number: number
  readonly name: string
  readonly kind: string
  readonly type: string
  readonly status: StageStatus
  readonly error: string
  readonly errIgnore: boolean
  readonly exitCode: number
  /** Name of the worker that holds or held it; empty until accepted. */
  readonly machine: string
  readonly labels: Labels
  /** Most stages of this repository and name at once; 0 = no limit. */
  readonly limit: number
  readonly throttle: number
  readonly onSuccess: boolean
  readonly onFailure: boolean
  /** Pending, but not offered: a limit or the throttle holds it back. */
  readonly isLimited: boolean
  /** It was lost with its worker and keeps its place under the limits until then, database clock; 0 = it keeps none. */
  readonly placeUntil: number
  /** As asked for: higher is sooner. */
  readonly priority: number
  /** Where it stands in its partition since it was last offered: the band, which is the priority raised by long
   *  waiting; the start tag of fair queueing inside it; and the number by which its queue entry is ordered. */
  readonly band: number
  readonly startTag: number
  readonly queueNumber: number
  readonly dependsOn: readonly string[]
  /** Canonical name of its partition, kept so that SQL can group by it. */
  readonly partition: string
  /** The last attempt's number, only ever incremented: the fence. 0 = never accepted. */
  readonly attempt: number
  /** Whether the last attempt still holds the stage (leased, granted or closing). */
  readonly isHeld: boolean
  /** How often it may be run again after an attempt that ran, and on what: reasons of `Retry`, exit codes as text. */
  readonly retryLimit: number
  readonly retryOn: readonly string[]
  /** How often it was. */
  readonly retries: number
  /** The stage of an earlier build whose result this one has, with its steps and logs; 0 = it is its own. */
  readonly keptFrom?: number
  readonly startedAt: number
  readonly stoppedAt: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
}

type Standing = 'isLimited' | 'priority' | 'band' | 'startTag' | 'queueNumber'

/** What is not said of its standing: no priority, the middle of the queue. */
export type NewStage = Omit<
  Stage,
  'id' | 'retries' | 'placeUntil' | 'createdAt' | 'updatedAt' | 'version' | Standing
> &
  Partial<Pick<Stage, Standing>>

export interface StagePatch {
  readonly status?: StageStatus
  readonly error?: string
  readonly exitCode?: number
  readonly machine?: string
  readonly isHeld?: boolean
  readonly retries?: number
  readonly startedAt?: number
  readonly stoppedAt?: number
  readonly isLimited?: boolean
  readonly placeUntil?: number
  readonly band?: number
  readonly startTag?: number
  readonly queueNumber?: number
}

/** What a patch requires of the row; the update does nothing where it does not hold. */
export interface StageCondition {
  readonly status?: StageStatus | readonly StageStatus[]
  readonly attempt?: number
  readonly isHeld?: boolean
  readonly isLimited?: boolean
}

/** What a stage's siblings and the end of its build depend on. */
export type StageOutline = Pick<
  Stage,
  | 'id'
  | 'number'
  | 'name'
  | 'status'
  | 'dependsOn'
  | 'onSuccess'
  | 'onFailure'
  | 'partition'
  | 'priority'
  | 'limit'
  | 'throttle'
>

/** Load of one partition, for metrics and for "why is it pending". */
export interface PartitionLoad {
  readonly partition: string
  readonly pending: number
  readonly running: number
  /** When its oldest pending stage became so; 0 = none pending. */
  readonly oldestPendingAt: number
}

export interface StageStore {
  find(id: number): Promise<Stage | null>
  /** Several at once, in any order; unknown ids are left out. */
  findMany(ids: readonly number[]): Promise<readonly Stage[]>
  listByBuild(buildId: number): Promise<readonly Stage[]>
  /** The stages of a build by number, with a few fields only: an accept reads all of them. */
  outline(buildId: number): Promise<readonly StageOutline[]>
  /** What is left of a build, at a cost that does not grow with its stages. `hasOpen`: a stage may run, runs, or waits
   *  for somebody (pending, running, blocked, declined); `hasWaiting`: one waits for its dependencies. */
  progress(buildId: number): Promise<{ readonly hasOpen: boolean; readonly hasWaiting: boolean }>
  /** The row, locked until the transaction ends. */
  lock(id: number): Promise<Stage | null>
  create(stages: readonly NewStage[]): Promise<readonly Stage[]>
  /** Compare-and-set: the new row, or `null` when the condition did not hold. */
  update(id: number, patch: StagePatch, when?: StageCondition): Promise<Stage | null>
  /** The same for those who need no more than whether it was done: a row given back is half of what it costs on SQLite. */
  change(id: number, patch: StagePatch, when?: StageCondition): Promise<boolean>
  /** Compare-and-set of accept: where the stage is pending, not held, and its attempt is `attempt`, sets
   *  attempt + 1, held, and the machine. `false` when somebody else was first, or the worker is being drained. */
  take(id: number, attempt: number, machine: string, workerId?: string): Promise<boolean>
  /** Stages that may be offered: pending, not held, not held back by a limit. Those with an id above `afterId`,
   *  ascending; for re-offering in batches. */
  listOfferable(afterId: number, limit: number): Promise<readonly Stage[]>
  /** One offerable stage of each partition that has any, at most `limit`; its cost grows with the partitions, not with
   *  what waits in them. */
  listOfferableHeads(limit: number): Promise<readonly Stage[]>
  /** The first offerable stages of one partition, by band and start tag. */
  listOfferableOf(partition: string, limit: number): Promise<readonly Stage[]>
  /** The partitions of the repository's unfinished stages, at most `limit`, by name. */
  listOpenPartitions(repoId: number, limit: number): Promise<readonly string[]>
  /** Stages with status pending or running, by id, the newest first where asked (rest-api.md §7.12). */
  listIncomplete(limit?: number, isNewestFirst?: boolean): Promise<readonly Stage[]>
  /** How long the last stages of this repository and name took that ran to their end, newest first, milliseconds. */
  listDurations(repoId: number, name: string, limit: number): Promise<readonly number[]>
  /** When the stage last became pending, database clock; 0 = never. */
  pendingSince(id: number): Promise<number>
  loadByPartition(): Promise<readonly PartitionLoad[]>
}
