import type { JsonFlags } from '../command-context.ts'

interface CronFlags extends JsonFlags {
  readonly timezone?: string
  readonly target?: string
}

export interface AddCronFlags extends CronFlags {
  readonly branch: string
  readonly disabled?: boolean
}

export interface UpdateCronFlags extends CronFlags {
  readonly branch?: string
  readonly expr?: string
  readonly enable?: boolean
  readonly disable?: boolean
}

export interface RunCronFlags extends JsonFlags {
  readonly follow?: boolean
  readonly raw?: boolean
}
