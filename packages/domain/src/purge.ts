/** How long what a repository built is kept. Days and numbers; 0 = for ever. */
export interface Retention {
  /** Finished builds that are older go. */
  readonly buildDays: number
  /** Of the finished builds, all but the newest so many go. */
  readonly buildCount: number
  /** Lines of builds that finished earlier go; the builds stay. */
  readonly logDays: number
}

/** A repository's own rules; `null` = as the server's settings say. */
export type RepoRetention = { readonly [K in keyof Retention]: number | null }

/** Which finished builds of a repository. */
export type PurgeRule =
  | { readonly kind: 'finished_before'; readonly atMs: number }
  | { readonly kind: 'number_before'; readonly number: number }
  | { readonly kind: 'all_but_newest'; readonly count: number }

/** Deleting what is old, in pieces that are small enough for everybody else to get their turn between them. */
export interface PurgeStore {
  findRetention(repoId: number): Promise<RepoRetention>
  setRetention(repoId: number, retention: RepoRetention): Promise<void>
  /** Whether a repository has a rule of its own that deletes anything. */
  hasRetention(): Promise<boolean>
  /** Ids of finished builds without an open attempt, lowest number first. */
  listBuilds(repoId: number, rule: PurgeRule, limit: number): Promise<readonly number[]>
  /** Ids of builds that finished before, and whose lines have not been purged. */
  listLogs(repoId: number, finishedBefore: number, limit: number): Promise<readonly number[]>
  /** Deletes up to `limit` pieces of lines of these builds. Gives how many. */
  deleteSegments(buildIds: readonly number[], limit: number): Promise<number>
  /** Deletes the ends of these builds' logs, so that they are gone as a whole, and notes that. */
  closeLogs(buildIds: readonly number[]): Promise<void>
  /** Deletes those of the builds that are finished, with stages, steps, attempts, cards and what is left of their logs.
   *  Gives how many. */
  deleteBuilds(buildIds: readonly number[]): Promise<number>
  /** Gives how many. A repeat that comes later is a new delivery. */
  deleteDeliveries(createdBefore: number, limit: number): Promise<number>
  /** Workers last heard of before, that hold nothing; what they ran keeps their names. Gives how many. */
  deleteWorkers(lastSeenBefore: number, limit: number): Promise<number>
  /** Messages that nobody could tell since. Gives how many. */
  deleteOutbox(createdBefore: number, limit: number): Promise<number>
}
