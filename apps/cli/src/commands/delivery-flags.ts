import type { ServerOptions } from '../command-context.ts'

export interface DeliveryFlags extends ServerOptions {
  readonly json?: boolean
}

export interface DeliveryListFlags extends DeliveryFlags {
  readonly page: number
  readonly limit: number
  readonly outcome?: string
}
