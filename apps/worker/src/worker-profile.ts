import { arch, platform } from 'node:os'
import type { SettingValues, workerSettings } from '@waggle/config'
import type { WorkerProfile } from '@waggle/domain'

/** What the worker offers to stages; the machine's own platform where the settings say nothing. */
export const workerProfile = (settings: SettingValues<typeof workerSettings>): WorkerProfile => ({
  kind: 'pipeline',
  type: settings.type,
  os: settings.os ?? machineOs(),
  arch: settings.arch ?? machineArch(),
  variant: settings.variant,
  kernel: settings.kernel,
  labels: settings.labels,
  labelMatch: settings.labelMatch,
})

/** Names as the pipeline language has them. */
export const machineOs = (): string => (platform() === 'win32' ? 'windows' : platform())

export const machineArch = (): string => {
  const known: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return known[arch()] ?? arch()
}
