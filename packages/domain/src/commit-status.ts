/** What a host is told of a commit; hosts know fewer states (webhooks.md §13). */
export type CommitState =
  | 'pending'
  | 'running'
  | 'success'
  | 'failure'
  | 'error'
  | 'cancelled'
  | 'unknown'

/** The status of one commit under one context, as a build stands. */
export interface CommitStatus {
  readonly commit: string
  /** Names the check at the host: a later status of the same commit and context takes its place. */
  readonly context: string
  readonly title: string
  readonly description: string
  readonly state: CommitState
  /** Where the build is looked at. */
  readonly link: string
  /** Whether the build is over. */
  readonly isOver: boolean
  /** Deployment of the host that the build carries out; 0 = none. */
  readonly deployId: number
  readonly environment: string
}

/** What a host said to a status. */
export interface StatusAnswer {
  /** HTTP status, by what it means: a rate limit is 429 whatever the host calls it. */
  readonly status: number
  readonly retryAfterMs: number
  /** The host's own words where it refused. */
  readonly reason: string
}

/** The code host that statuses of commits are kept at. */
export interface StatusHost {
  /** Its address as it may be shown. */
  readonly url: string
  /** What the host calls the repository of a git address; `null` = it is not there. */
  slugOf(gitUrl: string): string | null
  /** Whether this is told at all: some hosts keep no statuses, deployments are told when they are over. */
  takes(status: CommitStatus): boolean
  /** Throws `unavailable` or `timeout` where there is no answer. */
  send(slug: string, status: CommitStatus, signal: AbortSignal): Promise<StatusAnswer>
}
