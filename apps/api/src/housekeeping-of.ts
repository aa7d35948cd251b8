import type { apiSettings, SettingValues } from '@waggle/config'
import type { Housekeeping } from '@waggle/control'

const secondMs = 1_000

/** Cron, deadlines and purge, as the settings say. */
export const housekeepingOf = (settings: SettingValues<typeof apiSettings>): Housekeeping => ({
  cron: {
    isEnabled: !settings.cronDisabled,
    intervalMs: settings.cronIntervalSeconds * secondMs,
    timeZone: settings.cronTimeZone,
  },
  cleanup: {
    isEnabled: !settings.cleanupDisabled,
    intervalMs: settings.cleanupIntervalSeconds * secondMs,
    bufferMs: settings.cleanupBufferSeconds * secondMs,
    pendingMs: settings.cleanupPendingSeconds * secondMs,
    runningMs: settings.cleanupRunningSeconds * secondMs,
  },
  purge: {
    intervalMs: settings.purgeIntervalSeconds * secondMs,
    retention: {
      buildDays: settings.purgeBuildsDays,
      buildCount: settings.purgeBuildsKeep,
      logDays: settings.purgeLogsDays,
    },
    deliveryDays: settings.purgeDeliveriesDays,
    workerDays: settings.purgeWorkersDays,
  },
})
