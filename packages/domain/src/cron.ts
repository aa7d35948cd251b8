/** A schedule by which a branch of a repository is built (scheduling.md §11, rest-api.md §6.9). Times are milliseconds
 *  since 1970 by the database's clock, 0 = never. */
export interface Cron {
  readonly id: number
  readonly repoId: number
  /** Unique in its repository. */
  readonly name: string
  readonly expr: string
  /** Name of its time zone; empty = the server's. */
  readonly timeZone: string
  readonly branch: string
  readonly target: string
  readonly disabled: boolean
  readonly nextAt: number
  /** When its last run was due. */
  readonly prevAt: number
  /** The due time that was claimed and of which nobody said yet what became of it; 0 = none. */
  readonly firingAt: number
  readonly firingSince: number
  /** Number of the last build that it made; 0 = none. */
  readonly lastBuild: number
  /** Why its last run made no build; empty when it made one. */
  readonly lastError: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
}

export type NewCron = Pick<
  Cron,
  'repoId' | 'name' | 'expr' | 'timeZone' | 'branch' | 'target' | 'disabled' | 'nextAt'
>

export type CronPatch = Partial<
  Pick<Cron, 'expr' | 'timeZone' | 'branch' | 'target' | 'disabled' | 'nextAt'>
>

export interface CronStore {
  /** By name. */
  listByRepo(repoId: number): Promise<readonly Cron[]>
  findByName(repoId: number, name: string): Promise<Cron | null>
  countByRepo(repoId: number): Promise<number>
  /** Conflict `cron_exists` when the repository has one of that name. */
  create(cron: NewCron): Promise<Cron>
  update(id: number, patch: CronPatch): Promise<Cron | null>
  delete(id: number): Promise<boolean>
  /** Those that are due by the database's clock and not disabled, and those whose run was claimed over `stuckMs` ago by
   *  a process that never said what became of it; the longest due first. */
  listDue(stuckMs: number, limit: number): Promise<readonly Cron[]>
  /** Claims a run by compare-and-set on `nextAt`, and sets the next one; `null` = another process was first, or the cron
   *  changed. */
  claim(id: number, dueAt: number, nextAt: number): Promise<Cron | null>
  /** Claims again a run that a dead process had claimed at `since`. */
  reclaim(id: number, since: number): Promise<Cron | null>
  /** Gives a claimed run to whoever looks next, for this process stops. */
  release(id: number, firingAt: number): Promise<void>
  /** What became of a run; ends its claim, unless a later one has begun. */
  settle(
    id: number,
    firingAt: number,
    result: { readonly lastBuild: number; readonly lastError: string },
  ): Promise<void>
}
