import type { JsonFlags, ServerOptions } from '../command-context.ts'

export interface StopFlags extends JsonFlags {
  readonly pending?: boolean
  readonly all?: boolean
  readonly before?: number
  readonly branch?: string
}

export interface ListFlags extends JsonFlags {
  readonly page: number
  readonly limit: number
}

export interface LogFlags extends JsonFlags {
  readonly follow?: boolean
  readonly raw?: boolean
}

export interface CreateFlags extends LogFlags {
  readonly file?: string
  readonly git?: string
  readonly ref?: string
  readonly commit?: string
  readonly param?: Readonly<Record<string, string>>
  readonly message?: string
  readonly priority?: number
}

export interface StartFlags extends ServerOptions {
  readonly param?: Readonly<Record<string, string>>
  readonly failed?: boolean
  readonly debug?: boolean
  readonly follow?: boolean
  readonly raw?: boolean
  readonly json?: boolean
}
