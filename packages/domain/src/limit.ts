import type { Stage } from './stage.ts'

/** A stage that counts for the limits of others of its repository: it is incomplete, its cancelled attempt is not
 *  closed yet, or its worker was lost while it ran (scheduling.md §5.3, §5.4; design §8, §14). */
export interface LimitNeighbour
  extends Pick<
    Stage,
    'id' | 'buildId' | 'number' | 'name' | 'status' | 'isHeld' | 'limit' | 'throttle'
  > {
  /** It is pending and not offered, for a limit holds it back. */
  readonly isLimited: boolean
  /** It was lost with its worker and may still run there. */
  readonly keepsPlace: boolean
}

/** What a repository's stages are counted by: `concurrency.limit` over those of one name, and the throttle over all. */
export interface LimitStore {
  /** From now on stages of the repository have limits. Call it with the repository's row locked. */
  open(repoId: number): Promise<void>
  /** Locks the limits of one repository, found by what is given, until the transaction ends: whoever makes a stage
   *  with limits pending, accepts one, or ends any, holds it. Comes after the repository's row and before builds and
   *  stages in the order of locks. Gives the repository's id, `null` where none of its stages ever had a limit. */
  lock(of: LimitsOf): Promise<number | null>
  /** Those that may count for this stage: the first `most` elders of its name, `most` younger ones that are active,
   *  and, where it has a throttle, the first `most` elders of any name. */
  neighbours(
    stage: Pick<Stage, 'id' | 'repoId' | 'name' | 'throttle'>,
    most: number,
  ): Promise<readonly LimitNeighbour[]>
  /** The first `most` by id that count; of one name, or of all. */
  list(repoId: number, name: string | null, most: number): Promise<readonly LimitNeighbour[]>
  /** Those that run or may still run, of one name or of all. */
  listActive(repoId: number, name: string | null): Promise<readonly LimitNeighbour[]>
  /** The largest limit among the stages of the name that are held back, and the largest throttle among all of the
   *  repository that are; 0 = none is, or none has one. */
  mostOfHeld(
    repoId: number,
    name: string,
  ): Promise<{ readonly limit: number; readonly throttle: number }>
  /** Stages that are held back, with an id above `afterId`, ascending: for a slow check of them all. */
  listHeld(afterId: number, limit: number): Promise<readonly Stage[]>
  /** Stages lost with their worker whose time has passed: they keep a place that nobody uses. */
  listOverdue(limit: number): Promise<readonly Stage[]>
  /** Stages that keep a place, lost with this worker. */
  listLostWith(workerId: string): Promise<readonly Stage[]>
}

export type LimitsOf =
  | { readonly repoId: number }
  | { readonly buildId: number }
  | { readonly stageId: number }
