import type { Retention } from '@waggle/domain'

/** What the timers do beside keeping stages running, as the settings say. */
export interface Housekeeping {
  readonly cron: {
    readonly isEnabled: boolean
    /** How often due crons are looked for; 0 = as often as the reconciler runs. */
    readonly intervalMs: number
    /** Time zone of crons that name none. */
    readonly timeZone: string
  }
  readonly cleanup: {
    readonly isEnabled: boolean
    readonly intervalMs: number
    /** What is added to each deadline. */
    readonly bufferMs: number
    /** How long a stage may be pending. */
    readonly pendingMs: number
    /** How long a build may stand still with nothing pending, running or blocked. */
    readonly runningMs: number
  }
  readonly purge: {
    readonly intervalMs: number
    /** What is kept for repositories that say nothing themselves. */
    readonly retention: Retention
    /** Deliveries and messages that are older go; 0 = never. */
    readonly deliveryDays: number
    /** Workers that were not heard of for longer are forgotten; 0 = never. */
    readonly workerDays: number
  }
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** scheduling.md §12, §13: nothing that was built is ever deleted unless somebody says so. */
export const defaultHousekeeping: Housekeeping = {
  cron: { isEnabled: true, intervalMs: 0, timeZone: 'UTC' },
  cleanup: {
    isEnabled: true,
    intervalMs: 5 * minuteMs,
    bufferMs: 30 * minuteMs,
    pendingMs: dayMs,
    runningMs: dayMs,
  },
  purge: {
    intervalMs: 10 * minuteMs,
    retention: { buildDays: 0, buildCount: 0, logDays: 0 },
    deliveryDays: 90,
    workerDays: 30,
  },
}

export const housekeepingOf = ({
  housekeeping,
}: {
  readonly housekeeping?: Housekeeping | undefined
}): Housekeeping => housekeeping ?? defaultHousekeeping
