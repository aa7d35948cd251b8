/** What is past its time, by the database's clock (scheduling.md §12). */
export interface DeadlineStore {
  /** Stages that run, or that were accepted and never started, for longer than the timeout of their repository and
   *  `bufferMs`; the longest first. */
  listOverdue(bufferMs: number, limit: number): Promise<readonly OverdueStage[]>
  /** Ids of stages that nobody holds and that have been pending for longer, the longest first. */
  listPendingLong(ageMs: number, limit: number): Promise<readonly number[]>
  /** Those that have stood still for longer with nothing pending, running or blocked, among the next `limit` open builds
   *  that have not changed for longer. `last`: where to go on; `null` = that was the end. */
  listStanding(
    ageMs: number,
    after: BuildMark | null,
    limit: number,
  ): Promise<{ readonly buildIds: readonly number[]; readonly last: BuildMark | null }>
  /** Builds that are over among those of the next `limit` pending and running stages by id: leftovers. `lastId`: where
   *  to go on; 0 = that was the end. */
  listLeftovers(
    afterId: number,
    limit: number,
  ): Promise<{ readonly buildIds: readonly number[]; readonly lastId: number }>
}

/** The place of a build among those that changed longer ago and later. */
export interface BuildMark {
  readonly updatedAt: number
  readonly id: number
}

export interface OverdueStage {
  readonly stageId: number
  readonly timeoutMinutes: number
}
