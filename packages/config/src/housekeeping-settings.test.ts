import { expect, test } from 'vitest'
import { housekeepingSettings } from './housekeeping-settings.ts'
import { readSettings } from './setting.ts'

const read = (environment: Record<string, string>) =>
  readSettings(housekeepingSettings, environment)

test('without settings nothing is deleted but deliveries and workers that are gone, and crons run in UTC', () => {
  expect(read({})).toMatchObject({
    cronDisabled: false,
    cronIntervalSeconds: 5,
    cronTimeZone: 'UTC',
    cleanupPendingSeconds: 86_400,
    purgeBuildsDays: 0,
    purgeBuildsKeep: 0,
    purgeLogsDays: 0,
    purgeDeliveriesDays: 90,
    purgeWorkersDays: 30,
  })
})

test('settings are read as Drone has them', () => {
  expect(
    read({
      DRONE_CRON_INTERVAL: '30m',
      DRONE_CRON_DISABLED: 'true',
      DRONE_CLEANUP_DEADLINE_PENDING: '24h',
      DRONE_CLEANUP_BUFFER: '1h30m',
      TZ: ':Europe/Berlin',
    }),
  ).toMatchObject({
    cronIntervalSeconds: 1_800,
    cronDisabled: true,
    cleanupPendingSeconds: 86_400,
    cleanupBufferSeconds: 5_400,
    cronTimeZone: 'Europe/Berlin',
  })
})

test.each([
  ['90', 90],
  ['1.5h', 5_400],
  ['1h0m30.4s', 3_630],
  ['90000ms', 90],
])('a time of %j is %j seconds', (text, seconds) => {
  const settings = read({ WAGGLE_CLEANUP_BUFFER_SECONDS: text })
  expect(settings).toMatchObject({ cleanupBufferSeconds: seconds })
})

test.each([
  [{ TZ: 'Mars/Olympus' }, 'WAGGLE_CRON_TIME_ZONE: must be the name of a time zone'],
  [{ WAGGLE_PURGE_BUILDS_DAYS: '-1' }, 'WAGGLE_PURGE_BUILDS_DAYS'],
  [{ WAGGLE_CRON_INTERVAL_SECONDS: '0' }, 'WAGGLE_CRON_INTERVAL_SECONDS'],
  [{ WAGGLE_CLEANUP_BUFFER_SECONDS: 'soon' }, 'WAGGLE_CLEANUP_BUFFER_SECONDS'],
  [{ WAGGLE_CLEANUP_BUFFER_SECONDS: '1h30' }, 'must be seconds or like 1m30s'],
  [{ WAGGLE_CLEANUP_BUFFER_SECONDS: '1..5h' }, 'must be seconds or like 1m30s'],
])('%j is refused by name', (environment, message) => {
  expect(() => read(environment as Record<string, string>)).toThrow(message)
})
