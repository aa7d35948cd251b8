import type { SettingValues, workerSettings } from '@waggle/config'
import { noLimits } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings } from '@waggle/pipeline'

/** What of a worker's settings goes into every spec (pipeline.md §12.15). */
export const compileSettings = (
  settings: SettingValues<typeof workerSettings>,
  execRoot: string,
): CompileSettings => ({
  ...defaultCompileSettings,
  cloneImage: settings.cloneImage,
  environment: settings.environment,
  privilegedImages: [...defaultCompileSettings.privilegedImages, ...settings.privilegedImages],
  networks: settings.networks,
  networkOptions: settings.networkOptions,
  volumes: Object.entries(settings.volumes).map(readVolume),
  limits: {
    ...noLimits,
    memoryBytes: settings.memoryLimitBytes,
    memorySwapBytes: settings.memorySwapLimitBytes,
    shmBytes: settings.shmBytes,
    cpuPeriod: settings.cpuPeriod,
    cpuQuota: settings.cpuQuota,
    cpuShares: settings.cpuShares,
    cpuSet: settings.cpuSet,
  },
  netrcCloneOnly: settings.netrcCloneOnly,
  proxies: proxies(settings),
  root: execRoot,
  hostEnvironment: { PATH: settings.execPath },
})

/** `host:container[:ro]`, split at the first colon by the setting's type. */
const readVolume = ([source, rest]: readonly [string, string]) => {
  const readOnly = rest.endsWith(':ro')
  return { source, target: readOnly || rest.endsWith(':rw') ? rest.slice(0, -3) : rest, readOnly }
}

/** In both spellings: programs look at either. */
const proxies = (settings: SettingValues<typeof workerSettings>): Record<string, string> => {
  const all: Record<string, string> = {}
  const known = {
    http_proxy: settings.httpProxy,
    https_proxy: settings.httpsProxy,
    no_proxy: settings.noProxy,
  }
  for (const [name, value] of Object.entries(known)) {
    if (value === undefined) continue
    all[name] = value
    all[name.toUpperCase()] = value
  }
  return all
}
