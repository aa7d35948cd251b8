/** What is past its time, by the database's clock (scheduling.md §12). */
export interface DeadlineStore {
  /** Stages that run, or that were accepted and never started, for longer than the timeout of their repository and
   *  `bufferMs`; the longest first. */
  listOverdue(bufferMs: number, limit: number): Promise<readonly OverdueStage[]>
  /** Ids of stages that nobody holds and that have been pending for longer, the longest first. */
  listPendingLong(ageMs: number, limit: number): Promise<readonly number[]>
  /** Ids of open builds that have stood still for longer with nothing pending, running or blocked. */
  listStanding(ageMs: number, limit: number): Promise<readonly number[]>
  /** Builds that are over among those of the next `limit` pending and running stages by id: leftovers. `lastId`: where
   *  to go on; 0 = that was the end. */
  listLeftovers(
    afterId: number,
    limit: number,
  ): Promise<{ readonly buildIds: readonly number[]; readonly lastId: number }>
}

export interface OverdueStage {
  readonly stageId: number
  readonly timeoutMinutes: number
}
