import type { apiSettings, SettingValues } from '@waggle/config'
import type { Logger } from '@waggle/domain'
import { newToken } from '@waggle/secrets'

type Wish = Pick<SettingValues<typeof apiSettings>, 'workerSlots' | 'workerAlways' | 'workerSecret'>

/** Whether the API runs a worker itself: where slots are asked for and no other workers are let in, or where it is asked
 *  for whatever the others do (`DRONE_AGENTS_DISABLED`). `null` = no. */
export const embeddedSlots = (
  { workerSlots, workerAlways, workerSecret }: Wish,
  log: Logger,
): { readonly slots: number | null; readonly secret: string } | null => {
  if (workerSlots === 0 && !workerAlways) return null
  if (!workerAlways && workerSecret !== undefined && workerSecret !== '') {
    log.warn('no embedded worker: others are let in by WAGGLE_WORKER_SECRET', {
      count: workerSlots,
    })
    return null
  }
  return { slots: workerSlots === 0 ? null : workerSlots, secret: newToken() }
}

/** The address under which a child of this process reaches it. */
export const ownUrl = (host: string, port: number): string => {
  if (host === '0.0.0.0' || host === '') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
