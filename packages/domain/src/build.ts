import type { Hook } from './hook.ts'
import type { Page } from './repo.ts'
import type { BuildStatus } from './status.ts'

/** One run for one hook (rest-api.md §6.4). Times are milliseconds since 1970, 0 = never. */
export interface Build extends Omit<Hook, 'fork' | 'changedFiles'> {
  readonly id: number
  readonly repoId: number
  readonly number: number
  readonly status: BuildStatus
  /** Why there are no stages: the configuration's error. */
  readonly error: string
  readonly sourceRepo: string
  /** Where the code is cloned from; empty = no source. Usually the repository's own address. */
  readonly cloneUrl: string
  readonly startedAt: number
  readonly finishedAt: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
}

export type NewBuild = Omit<Build, 'id' | 'createdAt' | 'updatedAt' | 'version'>

export interface BuildPatch {
  readonly status?: BuildStatus
  readonly error?: string
  readonly startedAt?: number
  readonly finishedAt?: number
}

/** What planning a build was told and what it left out; kept apart, as lists of builds do not read it. */
export interface BuildPlanRecord {
  /** `undefined`: not known. */
  readonly changedFiles?: readonly string[] | undefined
  /** Pipelines of the file that are no stages, and by which rule. */
  readonly skipped: readonly {
    readonly name: string
    readonly rule: string
    readonly reason: string
  }[]
  /** The manifest was given as a text: it is in no repository to be read again. */
  readonly isText?: boolean
}

/** What people and rules decided about a build; kept apart as its plan is. Empty = nobody did. */
export interface BuildDecisions {
  /** Who approved the last of its blocked stages, so that no stage of it waits for an approval. */
  readonly approvedBy: string
  /** Who ended it before its stages did, and why: `cancelled`, `declined`, `superseded by build 12`. */
  readonly endedBy: string
  readonly endReason: string
}

export interface BuildFilter {
  readonly ref?: string
}

/** Which builds that are not over. What is left out may be anything. */
export interface OpenBuildFilter {
  readonly event?: string
  readonly ref?: string
  /** Only those with a lower number. */
  readonly below?: number
  readonly status?: 'pending' | 'running'
  /** Only those with a pending or running stage, so none that waits for approvals alone. */
  readonly hasIncomplete?: boolean
}

export interface BuildStore {
  find(id: number): Promise<Build | null>
  findByNumber(repoId: number, number: number): Promise<Build | null>
  findLatest(repoId: number, ref: string): Promise<Build | null>
  /** Newest first. */
  list(repoId: number, filter: BuildFilter, page: Page): Promise<readonly Build[]>
  /** Builds of the same commit with a higher number: the newest, so many at most. */
  listNewerOf(
    build: Pick<Build, 'repoId' | 'number' | 'after'>,
    limit: number,
  ): Promise<readonly Build[]>
  /** The newest build of each repository that has one. */
  listNewest(repoIds: readonly number[]): Promise<readonly Build[]>
  /** The newest builds of all repositories that the user was let into, or of all there are (`null`). */
  listRecent(userId: number | null, limit: number): Promise<readonly Build[]>
  /** The row, locked until the transaction ends. All writers lock in one order: repository, build, stage, step. */
  lock(id: number): Promise<Build | null>
  /** The same, of the build that a stage belongs to. */
  lockOfStage(stageId: number): Promise<Build | null>
  /** Stores the build and its manifest text (kept apart: lists do not read it). */
  create(build: NewBuild, manifest: string, plan?: BuildPlanRecord): Promise<Build>
  update(id: number, patch: BuildPatch): Promise<Build | null>
  /** The same for those who need no more than whether it was done. */
  change(id: number, patch: BuildPatch): Promise<boolean>
  /** The text that every stage of the build is run from. */
  findManifest(id: number): Promise<string | null>
  findPlan(id: number): Promise<BuildPlanRecord | null>
  findDecisions(id: number): Promise<BuildDecisions | null>
  decide(id: number, decisions: Partial<BuildDecisions>): Promise<void>
  /** The newest build of the same head commit, request and fork, all of whose blocked stages were approved. */
  findApproved(
    repoId: number,
    same: Pick<Build, 'ref' | 'after' | 'target' | 'sourceRepo'>,
  ): Promise<Build | null>
  /** Pending and running builds of the repository, oldest first. */
  listOpen(repoId: number, filter: OpenBuildFilter, limit: number): Promise<readonly Build[]>
  /** Deletes up to `limit` builds of the repository, with stages, steps, attempts and logs. Gives how many. */
  deleteOldest(repoId: number, limit: number): Promise<number>
  countByStatus(): Promise<Readonly<Partial<Record<BuildStatus, number>>>>
}
