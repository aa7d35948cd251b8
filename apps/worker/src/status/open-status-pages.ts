import type { SettingValues, workerSettings } from '@waggle/config'
import type { WorkerProfile } from '@waggle/domain'
import { LogRing } from './log-ring.ts'
import type { RecentStages } from './recent-stages.ts'
import type { WorkerStatus } from './status-page.ts'
import { type StatusPages, statusPages } from './status-server.ts'

type Facts = Omit<
  WorkerStatus,
  'type' | 'platform' | 'labels' | 'server' | 'slots' | 'startedAt'
> & { readonly profile: WorkerProfile }

/** The status page as the settings want it: `undefined`, off, without a password. */
export const openStatusPages = (
  settings: SettingValues<typeof workerSettings>,
  worker: {
    readonly ring: LogRing | undefined
    readonly stages: RecentStages
    readonly facts: () => Promise<Facts>
  },
): StatusPages | undefined => {
  const { uiUsername: username, uiPassword: password, uiRealm: realm } = settings
  if (password === undefined || settings.uiDisabled) return undefined
  return statusPages({
    username,
    password,
    realm,
    stages: worker.stages,
    ring: worker.ring ?? new LogRing(0),
    status: async () => {
      const { profile, ...facts } = await worker.facts()
      const { os, arch, variant, kernel } = profile
      return {
        ...facts,
        type: profile.type,
        platform: [`${os}/${arch}`, variant, kernel].filter((part) => part !== '').join(' '),
        labels: profile.labels,
        server: withoutPassword(settings.server),
        slots: settings.slots,
        startedAt: facts.nowMs - Math.round(process.uptime() * 1_000),
      }
    },
  })
}

const withoutPassword = (address: string): string => {
  if (!URL.canParse(address)) return ''
  const { origin, pathname } = new URL(address)
  return `${origin}${pathname}`
}
