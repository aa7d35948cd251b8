/** A commit of a git repository, with the file that was asked for. */
export interface SourceCommit {
  /** Full id. */
  readonly sha: string
  /** Full name of the ref that it was found by, such as `refs/heads/main`; empty when it was asked for by id alone. */
  readonly ref: string
  readonly message: string
  readonly authorName: string
  readonly authorEmail: string
  /** Text of the file; `null` when no path was asked for or the commit has no such file. */
  readonly file: string | null
}

export interface SourceQuestion {
  readonly url: string
  /** Branch, tag or full ref; empty = what the repository's HEAD points at. */
  readonly ref: string
  /** The commit itself, where it is known; empty = the head of `ref`. */
  readonly commit: string
  /** Path of a file inside the repository; empty = only the commit. */
  readonly path: string
}

export interface ChangeQuestion {
  readonly url: string
  /** Full name of the ref that the commits are on, for servers that give no commit by its id; may be empty. */
  readonly ref: string
  /** Full ids. */
  readonly before: string
  readonly after: string
}

/** Plain git repositories (threats.md T-56): a killable child that fetches one ref, bare, with limits on size and
 *  time. Throws `invalid` for an address or ref that is not allowed, `not_found` for an unknown ref or commit, and
 *  `unavailable` when the repository cannot be reached; each text is fit for a user to read. */
export interface GitSource {
  read(question: SourceQuestion, signal?: AbortSignal): Promise<SourceCommit>
  /** Paths that differ between two commits, a renamed file by both of its names. `null`: more than are worth knowing. */
  changedFiles(question: ChangeQuestion, signal?: AbortSignal): Promise<readonly string[] | null>
}
