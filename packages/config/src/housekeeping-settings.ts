import { z } from 'zod'
import { setting, types } from './setting.ts'

const dayHours = 24
const hour = 3_600
const year = 366 * dayHours * hour

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0)
    return true
  } catch {
    return false
  }
}

/** What the timers of the API process do beside keeping stages running. */
export const housekeepingSettings = {
  cronDisabled: setting(
    'WAGGLE_CRON_DISABLED',
    types.flag(false),
    'Whether no cron job runs by its schedule ([cron jobs](cron.md)); they can still be run by hand.',
    { fallback: 'false', aliases: ['DRONE_CRON_DISABLED'] },
  ),
  cronIntervalSeconds: setting(
    'WAGGLE_CRON_INTERVAL_SECONDS',
    types.seconds(5, { min: 1, max: dayHours * hour }),
    'How often due cron jobs are looked for.',
    { fallback: '5', aliases: ['DRONE_CRON_INTERVAL'] },
  ),
  cronTimeZone: setting(
    'WAGGLE_CRON_TIME_ZONE',
    z
      .string()
      .transform((name) => name.replace(/^:/, ''))
      .refine(isTimeZone, 'must be the name of a time zone, such as Europe/Berlin')
      .optional()
      .transform((name) => name ?? 'UTC'),
    'Time zone of cron jobs that name none.',
    { fallback: '`UTC`', aliases: ['TZ'] },
  ),
  cleanupDisabled: setting(
    'WAGGLE_CLEANUP_DISABLED',
    types.flag(false),
    'Whether stages over their timeout and stages that nobody takes are left alone. Lost workers are found anyway.',
    { fallback: 'false', aliases: ['DRONE_CLEANUP_DISABLED'] },
  ),
  cleanupIntervalSeconds: setting(
    'WAGGLE_CLEANUP_INTERVAL_SECONDS',
    types.seconds(300, { min: 1, max: 7 * dayHours * hour }),
    'How often they are looked for.',
    { fallback: '300', aliases: ['DRONE_CLEANUP_INTERVAL'] },
  ),
  cleanupPendingSeconds: setting(
    'WAGGLE_CLEANUP_PENDING_SECONDS',
    types.seconds(dayHours * hour, { min: 60, max: year }),
    'How long a stage may be pending before it ends in `error`, with what it waited for.',
    { fallback: '86400', aliases: ['DRONE_CLEANUP_DEADLINE_PENDING'] },
  ),
  cleanupRunningSeconds: setting(
    'WAGGLE_CLEANUP_RUNNING_SECONDS',
    types.seconds(dayHours * hour, { min: 60, max: year }),
    'How long a build may stand still with nothing pending, running or blocked before it is closed.',
    { fallback: '86400', aliases: ['DRONE_CLEANUP_DEADLINE_RUNNING'] },
  ),
  cleanupBufferSeconds: setting(
    'WAGGLE_CLEANUP_BUFFER_SECONDS',
    types.seconds(1_800, { min: 0, max: year }),
    'What is added to these deadlines and to the timeout of a stage.',
    { fallback: '1800', aliases: ['DRONE_CLEANUP_BUFFER'] },
  ),
  purgeIntervalSeconds: setting(
    'WAGGLE_PURGE_INTERVAL_SECONDS',
    types.seconds(600, { min: 1, max: 7 * dayHours * hour }),
    'How often old builds, logs and deliveries are looked for ([retention](retention.md)).',
    { fallback: '600' },
  ),
  purgeBuildsDays: setting(
    'WAGGLE_PURGE_BUILDS_DAYS',
    types.integer(0, { min: 0, max: 36_500 }),
    'Finished builds are deleted after so many days; 0 = never. A repository may have a rule of its own.',
    { fallback: '0' },
  ),
  purgeBuildsKeep: setting(
    'WAGGLE_PURGE_BUILDS_KEEP',
    types.integer(0, { min: 0, max: 100_000_000 }),
    'How many finished builds of each repository are kept, the newest; 0 = all.',
    { fallback: '0' },
  ),
  purgeLogsDays: setting(
    'WAGGLE_PURGE_LOGS_DAYS',
    types.integer(0, { min: 0, max: 36_500 }),
    'Lines of finished builds are deleted after so many days, and the builds kept; 0 = never.',
    { fallback: '0' },
  ),
  purgeDeliveriesDays: setting(
    'WAGGLE_PURGE_DELIVERIES_DAYS',
    types.integer(90, { min: 0, max: 36_500 }),
    'What became of webhooks and calls is forgotten after so many days; 0 = never.',
    { fallback: '90' },
  ),
  purgeWorkersDays: setting(
    'WAGGLE_PURGE_WORKERS_DAYS',
    types.integer(30, { min: 0, max: 36_500 }),
    'Workers that were not heard of for so many days are forgotten; 0 = never.',
    { fallback: '30' },
  ),
}
