import { readFileSync } from 'node:fs'
import type { SettingValues, workerSettings } from '@waggle/config'
import type { Logger } from '@waggle/domain'
import { parseRegistryAuths, type RegistryAuth } from '@waggle/pipeline'

/** Registry credentials of the worker's own file, in file order. Where it cannot be read or holds none, that is said
 *  once and images are pulled without (pipeline.md §12.8). */
export const workerRegistries = (
  { dockerConfig }: Pick<SettingValues<typeof workerSettings>, 'dockerConfig'>,
  log: Pick<Logger, 'warn'>,
): readonly RegistryAuth[] => {
  if (dockerConfig === '') return []
  try {
    // Entries that a credential helper fills are empty in the file.
    const auths = parseRegistryAuths(readFileSync(dockerConfig, 'utf8')).filter(
      ({ username, password }) => username + password !== '',
    )
    if (auths.length === 0)
      log.warn('file of registry credentials holds none', { path: dockerConfig })
    return auths
  } catch (err) {
    log.warn('file of registry credentials cannot be read', { path: dockerConfig, err })
    return []
  }
}
