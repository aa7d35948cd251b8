import type { JsonFlags } from '../command-context.ts'

export interface WebhookListFlags extends JsonFlags {
  readonly page: number
  readonly limit: number
  readonly state?: string
  readonly receiver?: string
}
