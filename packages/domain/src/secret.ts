/** A repository's secret. The value is encrypted from the first row and never read back through the API. */
export interface Secret {
  readonly id: number
  readonly repoId: number
  readonly name: string
  readonly dataSealed: Uint8Array
  /** Whether builds of pull requests may have it. */
  readonly pullRequest: boolean
  readonly pullRequestPush: boolean
  /** Whether approved builds of forks' pull requests may have it (threats.md C.1). */
  readonly forks: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export type NewSecret = Omit<Secret, 'id' | 'createdAt' | 'updatedAt'>

export interface SecretStore {
  /** By name. */
  listByRepo(repoId: number): Promise<readonly Secret[]>
  findByName(repoId: number, name: string): Promise<Secret | null>
  /** Conflict `secret_exists` when the name is taken. */
  create(secret: NewSecret): Promise<Secret>
  update(
    id: number,
    patch: Partial<Pick<Secret, 'dataSealed' | 'pullRequest' | 'pullRequestPush' | 'forks'>>,
  ): Promise<Secret | null>
  delete(id: number): Promise<boolean>
}

/** A secret of all repositories of a namespace. Names of both are compared without case (rest-api.md §7.10). */
export interface OrgSecret extends Omit<Secret, 'repoId'> {
  readonly namespace: string
}

export type NewOrgSecret = Omit<OrgSecret, 'id' | 'createdAt' | 'updatedAt'>

export interface OrgSecretStore {
  /** Of all namespaces, by name. */
  list(): Promise<readonly OrgSecret[]>
  /** By name. */
  listByNamespace(namespace: string): Promise<readonly OrgSecret[]>
  findByName(namespace: string, name: string): Promise<OrgSecret | null>
  /** Conflict `secret_exists` when the name is taken. */
  create(secret: NewOrgSecret): Promise<OrgSecret>
  update(
    id: number,
    patch: Partial<Pick<OrgSecret, 'dataSealed' | 'pullRequest' | 'pullRequestPush' | 'forks'>>,
  ): Promise<OrgSecret | null>
  delete(id: number): Promise<boolean>
}

/** Encrypts and decrypts what must not lie in the clear (threats.md T-08). `place` binds the bytes to where
 *  they are kept (table, row, column), so that rows cannot be swapped. */
export interface Sealer {
  seal(plain: Uint8Array | string, place: string): Uint8Array
  /** Throws `internal` `unseal_failed` when the bytes are not what was sealed for this place. */
  open(sealed: Uint8Array, place: string): Buffer
}
