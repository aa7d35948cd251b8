import type { apiSettings, SettingValues } from '@waggle/config'
import { CommitStatuses, WebhookSender, type WebhookSenderDeps } from '@waggle/control'
import type { Extensions, Logger } from '@waggle/domain'
import { createExtensions, createWebhookReceivers, type Endpoint } from '@waggle/extensions'
import { openStatusHost } from './open-statuses.ts'
import { buildShape } from './shapes/build-shape.ts'
import { repoShape } from './shapes/repo-shape.ts'
import { userShape } from './shapes/user-shape.ts'

type Settings = SettingValues<typeof apiSettings>
type Kind = 'config' | 'convert' | 'validate' | 'secret' | 'registry' | 'environment' | 'admission'

/** The extensions that the settings name. Throws `invalid` for an address that is none. */
export const openExtensions = (settings: Settings, log: Logger): Extensions => {
  // An operator who sets it counts on it. Users that are made with the API bypass it (scheduling.md §16.5).
  if (settings.admissionExtensionEndpoint !== '')
    log.warn('admission extension is not asked: there is no login by browser yet')
  const of = <K extends Kind>(kind: K) => endpointOf(settings, kind)
  const convert = of('convert')
  const named = {
    config: of('config'),
    convert: convert && {
      ...convert,
      pathEnding: settings.convertExtensionEnding,
      cacheSize: settings.convertExtensionCacheSize,
    },
    validate: of('validate'),
    secret: of('secret'),
    registry: of('registry'),
    environment: of('environment'),
    admission: of('admission'),
  }
  return createExtensions({
    shapes: {
      repo: (repo) => repoShape(repo),
      build: (build) => buildShape(build),
      user: (user) => userShape(user),
    },
    allowPrivate: settings.outgoingPrivateHosts,
    isEncrypted: settings.extensionEncrypted,
    ...withoutAbsent(named),
  })
}

const endpointOf = (settings: Settings, kind: Kind): Endpoint | undefined => {
  const url = settings[`${kind}ExtensionEndpoint`]
  if (url === '') return undefined
  return {
    url,
    secret: settings[`${kind}ExtensionSecret`],
    skipVerify: settings[`${kind}ExtensionSkipVerify`],
    timeoutMs: settings[`${kind}ExtensionTimeoutSeconds`] * 1_000,
  }
}

const withoutAbsent = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined)) as never

/** The sender of webhooks to the receivers that the settings name, and of statuses to their host. Throws `invalid` for an address that is none. */
export const openWebhooks = (
  settings: Settings,
  deps: Pick<WebhookSenderDeps, 'database' | 'log' | 'timers' | 'bodyOf' | 'bodyOfNew'> & {
    readonly link: string
  },
): WebhookSender => {
  const receivers = createWebhookReceivers({
    urls: settings.webhookEndpoint,
    secret: settings.webhookSecret,
    events: settings.webhookEvents,
    skipVerify: settings.webhookSkipVerify,
    allowPrivate: settings.outgoingPrivateHosts,
    timeoutMs: settings.webhookTimeoutSeconds * 1_000,
  })
  const host = openStatusHost(settings)
  if (host === null) return new WebhookSender({ ...deps, receivers })
  const { database, link } = deps
  const statuses = new CommitStatuses({ database, host, name: settings.statusName, link })
  return new WebhookSender({ ...deps, receivers, statuses })
}
