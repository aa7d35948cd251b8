import type { Pipeline } from './manifest.ts'
import { parseRegistryAuths, type RegistryAuth } from './registry-auth.ts'
import type { SecretResolver } from './resolve-secret.ts'

/** Registry credentials of the pipeline's pull secrets, the last name first (pipeline.md §12.8). A missing or
 *  malformed one is passed over. */
export const pullCredentials = (
  pipeline: Pipeline,
  resolve: SecretResolver,
  warn: (message: string) => void,
): RegistryAuth[] =>
  pipeline.imagePullSecrets.toReversed().flatMap((name) => {
    const value = resolve(name)
    const auths = value === null ? [] : parseRegistryAuths(value)
    if (auths.length === 0) warn(`image_pull_secrets: ${name} holds no registry credentials`)
    return auths
  })
