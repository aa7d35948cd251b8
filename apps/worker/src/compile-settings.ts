import { hostVariables, type SettingValues, type workerSettings } from '@waggle/config'
import { type Logger, noLimits } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings } from '@waggle/pipeline'
import { workerRegistries } from './worker-registries.ts'

/** What of a worker's settings goes into every spec (pipeline.md §12.15). */
export const compileSettings = (
  settings: SettingValues<typeof workerSettings>,
  execRoot: string,
  log: Pick<Logger, 'warn'>,
): CompileSettings => ({
  ...defaultCompileSettings,
  cloneImage: settings.cloneImage,
  environment: { ...settings.environment, ...settings.environmentFile },
  secrets: settings.secrets,
  registries: workerRegistries(settings, log),
  privilegedImages: [...defaultCompileSettings.privilegedImages, ...settings.privilegedImages],
  privilegedPluginVolumes: settings.privilegedPluginVolumes,
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
  allow: {
    isTrustedOnly: settings.limitTrusted,
    repos: settings.limitRepos,
    events: settings.limitEvents,
  },
  netrcCloneOnly: settings.netrcCloneOnly,
  proxies: proxies(settings),
  root: execRoot,
  hostEnvironment: {
    PATH: settings.execPath,
    ...(settings.execUser === '' ? {} : { USER: settings.execUser }),
  },
  ...(execRoot === '' ? {} : { pathVariables: { PATH: settings.execPath, ...hostVariables() } }),
  ...(settings.tmateEnabled ? { debugImage: settings.tmateImage } : {}),
  tmate: {
    host: settings.tmateHost,
    port: settings.tmatePort,
    fingerprintRsa: settings.tmateFingerprintRsa,
    fingerprintEd25519: settings.tmateFingerprintEd25519,
    authorizedKeys: settings.tmateAuthorizedKeys,
  },
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
    all_proxy: settings.allProxy,
  }
  for (const [name, value] of Object.entries(known)) {
    if (value === undefined) continue
    all[name] = value
    all[name.toUpperCase()] = value
  }
  return all
}
