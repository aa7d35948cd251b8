/** A repository that builds can be made for (rest-api.md §6.3). */
export interface Repo {
  readonly id: number
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** `namespace/name`, unique. */
  readonly slug: string
  readonly gitHttpUrl: string
  readonly gitSshUrl: string
  readonly link: string
  readonly defaultBranch: string
  readonly private: boolean
  readonly visibility: 'public' | 'private' | 'internal'
  readonly active: boolean
  readonly configPath: string
  readonly trusted: boolean
  readonly protected: boolean
  /** Whether pull requests of other repositories, or all of them, build nothing. */
  readonly ignoreForks: boolean
  readonly ignorePullRequests: boolean
  /** Whether a newer build of the same event and ref ends older ones that wait, and those that run as well. */
  readonly autoCancelPushes: boolean
  readonly autoCancelPullRequests: boolean
  readonly autoCancelRunning: boolean
  readonly timeoutMinutes: number
  /** Most stages of the repository at once; 0 = no limit. */
  readonly throttle: number
  /** Of its stages, where a build names none: -10 to 10, higher is sooner. */
  readonly priority: number
  /** Number of the newest build. */
  readonly counter: number
  /** Encrypted key that signs its webhooks. */
  readonly signerSealed: Uint8Array
  /** Encrypted 32-character key for signatures and `kind: secret` documents. */
  readonly secretSealed: Uint8Array
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
}

/** Settings that are off unless said otherwise. */
type RepoSwitch =
  | 'ignoreForks'
  | 'ignorePullRequests'
  | 'autoCancelPushes'
  | 'autoCancelPullRequests'
  | 'autoCancelRunning'

export type NewRepo = Omit<
  Repo,
  'id' | 'counter' | 'createdAt' | 'updatedAt' | 'version' | 'priority' | RepoSwitch
> &
  Partial<Pick<Repo, 'priority' | RepoSwitch>>

export type RepoPatch = Partial<
  Pick<
    Repo,
    | 'gitHttpUrl'
    | 'gitSshUrl'
    | 'link'
    | 'defaultBranch'
    | 'private'
    | 'visibility'
    | 'active'
    | 'configPath'
    | 'trusted'
    | 'protected'
    | 'ignoreForks'
    | 'ignorePullRequests'
    | 'autoCancelPushes'
    | 'autoCancelPullRequests'
    | 'autoCancelRunning'
    | 'timeoutMinutes'
    | 'throttle'
    | 'priority'
    | 'counter'
    | 'signerSealed'
    | 'secretSealed'
  >
>

export interface RepoStore {
  find(id: number): Promise<Repo | null>
  findBySlug(slug: string): Promise<Repo | null>
  /** By id, ascending. */
  list(page: Page): Promise<readonly Repo[]>
  /** Those that the user was let into, by slug. */
  listByUser(userId: number, page: Page): Promise<readonly Repo[]>
  /** Conflict `repo_exists` when the slug is taken. */
  create(repo: NewRepo): Promise<Repo>
  update(id: number, patch: RepoPatch): Promise<Repo | null>
  /** Adds one to the counter and gives it back; also takes the row's lock, so call it first in a transaction. */
  nextBuildNumber(id: number): Promise<number>
  /** Whether a stage of it is pending or running. */
  isBusy(id: number): Promise<boolean>
  /** With all that is its own: secrets, deliveries, and builds with everything below them. `false` = not there.
   *  Builds are many: delete them first, a few at a time (`BuildStore.deleteOldest`). */
  delete(id: number): Promise<boolean>
  /** How many are active. */
  countActive(): Promise<number>
}

/** A window into a list: rows to pass over, rows to give. */
export interface Page {
  readonly offset: number
  readonly limit: number
}
