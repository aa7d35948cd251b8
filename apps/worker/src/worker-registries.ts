import { readFileSync } from 'node:fs'
import type { SettingValues, workerSettings } from '@waggle/config'
import type { Logger } from '@waggle/domain'
import { parseRegistryAuths, type RegistryAuth } from '@waggle/pipeline'

/** Registry credentials of the worker's own file, in file order. Where it holds none, that is said once and images are
 *  pulled without; `null` where it cannot be read (pipeline.md §12.8). */
export const workerRegistries = (
  { dockerConfig }: Pick<SettingValues<typeof workerSettings>, 'dockerConfig'>,
  log: Pick<Logger, 'warn'>,
): readonly RegistryAuth[] | null => {
  if (dockerConfig === '') return []
  try {
    const text = readFileSync(dockerConfig, 'utf8')
    JSON.parse(text)
    // Entries that a credential helper fills are empty in the file.
    const auths = parseRegistryAuths(text).filter(
      ({ username, password }) => username + password !== '',
    )
    if (auths.length === 0)
      log.warn('file of registry credentials holds none', { path: dockerConfig })
    return auths
  } catch (err) {
    log.warn('file of registry credentials cannot be read', { path: dockerConfig, err })
    return null
  }
}
