import type { Given } from '@waggle/domain'
import type { Pipeline } from '../manifest.ts'
import { maskValues } from './masks.ts'
import type { RegistryAuth } from './registry-auth.ts'
import type { SecretResolver } from './resolve-secret.ts'
import { secretsOf } from './secret-names.ts'

/** Everything that the stage knows and no output may show: all secrets that were sent, those of the worker that the
 *  pipeline names, the credentials of git and of registries. The same for every step. */
export const stageMasks = (
  given: Given,
  pipeline: Pipeline,
  resolve: SecretResolver,
  auths: readonly RegistryAuth[],
): string[] =>
  maskValues([
    ...given.secrets.map((secret) => secret.value),
    ...secretsOf(pipeline).map((name) => resolve(name) ?? ''),
    ...(given.external?.environment ?? []).flatMap((one) => (one.isMasked ? [one.value] : [])),
    ...netrcSecrets(given),
    ...auths.map((auth) => auth.password),
  ])

/** Some hosts take the token as the login, with a fixed word for a password (pipeline.md §12.12). */
const netrcSecrets = ({ netrc }: Given): string[] => {
  if (netrc === null) return []
  return netrc.password === 'x-oauth-basic' ? [netrc.login] : [netrc.password]
}
