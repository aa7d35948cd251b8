/** What a user may do in one repository: write implies read, admin implies both (rest-api.md §5). */
export interface RepoRights {
  readonly read: boolean
  readonly write: boolean
  readonly admin: boolean
}

/** With what each right implies. */
export const impliedRights = ({ read, write, admin }: RepoRights): RepoRights => ({
  read: read || write || admin,
  write: write || admin,
  admin,
})

/** Somebody who was let into a repository (rest-api.md §6.10). */
export interface Collaborator extends RepoRights {
  readonly userId: number
  readonly repoId: number
  readonly login: string
  readonly avatar: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface PermissionStore {
  find(repoId: number, userId: number): Promise<RepoRights | null>
  /** By login. */
  listByRepo(repoId: number): Promise<readonly Collaborator[]>
  /** Ids of the repositories that the user may read. */
  listRepoIds(userId: number): Promise<readonly number[]>
  /** Sets what the user may; makes the row where there is none. */
  put(repoId: number, userId: number, rights: RepoRights): Promise<void>
  /** Whether there was one. */
  delete(repoId: number, userId: number): Promise<boolean>
}
