import type { Cron } from '@waggle/domain'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import { timeZone } from './time-zone.ts'

/** When a cron is due after an instant; `null` = never. Throws `invalid` where its expression or zone cannot be read. */
export const nextOf = (
  cron: Pick<Cron, 'expr' | 'timeZone'>,
  serverZone: string,
  afterMs: number,
): number | null =>
  nextRun(parseSchedule(cron.expr), timeZone(cron.timeZone || serverZone), afterMs)
