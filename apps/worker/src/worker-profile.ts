import { arch, platform } from 'node:os'
import type { SettingValues, workerSettings } from '@waggle/config'
import { machinePlatform, type WorkerProfile } from '@waggle/domain'

/** What the worker offers to stages; the machine's own platform where the settings say nothing. */
export const workerProfile = (settings: SettingValues<typeof workerSettings>): WorkerProfile => {
  const machine = machinePlatform(platform(), arch())
  return {
    kind: 'pipeline',
    type: settings.type,
    os: settings.os ?? machine.os,
    arch: settings.arch ?? machine.arch,
    variant: settings.variant,
    kernel: settings.kernel,
    labels: settings.labels,
    labelMatch: settings.labelMatch,
  }
}
