import type { Page } from './repo.ts'

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

/** What can be changed of a user. */
export type UserPatch = Partial<Pick<User, 'email' | 'admin' | 'active'>>

export interface UserStore {
  count(): Promise<number>
  find(id: number): Promise<User | null>
  /** By login. */
  list(page: Page): Promise<readonly User[]>
  findByLogin(login: string): Promise<User | null>
  findByTokenHash(tokenHash: string): Promise<User | null>
  /** Gives `null`, and changes nothing, when the login is taken (compared without case). */
  create(user: NewUser): Promise<User | null>
  /** `conflict` `token_exists` where somebody else has it. */
  setTokenHash(id: number, tokenHash: string): Promise<void>
  /** `null` = there is no such user. */
  update(id: number, patch: UserPatch): Promise<User | null>
  /** Whether there was one. */
  delete(id: number): Promise<boolean>
  /** Ids of the active system admins, at most two, locked until the transaction ends. */
  lockAdmins(): Promise<readonly number[]>
}
