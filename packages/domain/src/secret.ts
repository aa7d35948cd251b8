/** A repository's secret. The value is encrypted from the first row and never read back through the API. */
export interface Secret {
  readonly id: number
  readonly repoId: number
  readonly name: string
  readonly dataSealed: Uint8Array
  /** Whether builds of pull requests may have it. */
  readonly pullRequest: boolean
  readonly pullRequestPush: boolean
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
    patch: Partial<Pick<Secret, 'dataSealed' | 'pullRequest' | 'pullRequestPush'>>,
  ): Promise<Secret | null>
  delete(id: number): Promise<boolean>
}

/** Encrypts and decrypts what must not lie in the clear (threats.md T-08). `place` binds the bytes to where
 *  they are kept (table, row, column), so that rows cannot be swapped. */
export interface Sealer {
  seal(plain: Uint8Array | string, place: string): Uint8Array
  /** Throws `internal` `unseal_failed` when the bytes are not what was sealed for this place. */
  open(sealed: Uint8Array, place: string): Buffer
}
