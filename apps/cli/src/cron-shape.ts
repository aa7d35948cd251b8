import { number, object, text } from './json-members.ts'

/** A cron job as the server tells it; times in seconds, 0 = never. */
export interface ApiCron {
  readonly name: string
  readonly expr: string
  readonly timezone: string
  readonly branch: string
  readonly target: string
  readonly disabled: boolean
  readonly next: number
  readonly prev: number
  readonly lastBuild: number
  readonly error: string
}

/** `null` where it is no cron job at all. */
export const readCron = (raw: unknown): ApiCron | null => {
  const cron = object(raw)
  if (typeof cron['name'] !== 'string' || typeof cron['expr'] !== 'string') return null
  return {
    name: cron['name'],
    expr: cron['expr'],
    timezone: text(cron['timezone']),
    branch: text(cron['branch']),
    target: text(cron['target']),
    disabled: cron['disabled'] === true,
    next: number(cron['next']),
    prev: number(cron['prev']),
    lastBuild: number(cron['last_build']),
    error: text(cron['error']),
  }
}
