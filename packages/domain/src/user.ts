/** Somebody who may call the API (rest-api.md §6.1). The token itself is never stored, only its SHA-256 (threats.md T-12). */
export interface User {
  readonly id: number
  readonly login: string
  readonly email: string
  readonly machine: boolean
  readonly admin: boolean
  readonly active: boolean
  readonly avatar: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly lastLoginAt: number
}

export interface NewUser {
  readonly login: string
  readonly email: string
  readonly machine: boolean
  readonly admin: boolean
  /** Lower-case hex SHA-256 of the token. */
  readonly tokenHash: string
}

export interface UserStore {
  count(): Promise<number>
  findByLogin(login: string): Promise<User | null>
  findByTokenHash(tokenHash: string): Promise<User | null>
  /** Gives `null`, and changes nothing, when the login is taken (compared without case). */
  create(user: NewUser): Promise<User | null>
  setTokenHash(id: number, tokenHash: string): Promise<void>
}
