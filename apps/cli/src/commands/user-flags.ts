import type { JsonFlags } from '../command-context.ts'

export interface UserListFlags extends JsonFlags {
  readonly page: number
  readonly limit: number
}

export interface UserAddFlags extends JsonFlags {
  readonly admin?: true
  readonly machine?: true
  readonly userToken?: string
}

export interface UserUpdateFlags extends JsonFlags {
  readonly admin?: boolean
  readonly active?: boolean
}
