import type { Given } from '@waggle/domain'
import type { CompileSettings } from '../compile/compile-settings.ts'
import type { Pipeline } from '../manifest.ts'
import { parseRegistryAuths, type RegistryAuth } from './registry-auth.ts'
import { isFork, type SecretResolver } from './resolve-secret.ts'

/** Registry credentials in the order in which they are looked at (pipeline.md §12.8): the pipeline's pull secrets, the
 *  last name first, then the worker's. A missing or malformed secret is passed over. A fork's build pulls public images
 *  only (threats.md C.1). */
export const pullCredentials = (
  given: Given,
  pipeline: Pick<Pipeline, 'imagePullSecrets'>,
  settings: Pick<CompileSettings, 'registries'>,
  resolve: SecretResolver,
  warn: (message: string) => void,
): RegistryAuth[] => {
  if (isFork(given)) {
    if (pipeline.imagePullSecrets.length > 0)
      warn('image_pull_secrets: the build of a fork pulls without credentials')
    return []
  }
  const named = pipeline.imagePullSecrets.toReversed().flatMap((name) => {
    const value = resolve(name)
    const auths = value === null ? [] : parseRegistryAuths(value)
    if (auths.length === 0) warn(`image_pull_secrets: ${name} holds no registry credentials`)
    return auths
  })
  return [...named, ...(settings.registries ?? [])]
}
