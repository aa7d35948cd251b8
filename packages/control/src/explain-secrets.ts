import { type Exposure, mayHaveSecret, type Origin, type Secret } from '@waggle/domain'
import type { SecretReport } from './plan-report.ts'

/** Says of a name what a step of the build would get for it. */
export type SecretExplainer = (name: string, variable: string) => SecretReport

export interface KnownSecrets {
  readonly origin: Origin
  /** The repository's; `null` = not known here. */
  readonly kept: readonly (Pick<Secret, 'name'> & Exposure)[] | null
  /** Names of the file's own `kind: secret` documents. */
  readonly documents: readonly string[]
}

/** By the rules of `allowedSecrets`, with the reason of each refusal (pipeline.md §12.11, threats.md C.1). */
export const explainSecrets =
  ({ origin, kept, documents }: KnownSecrets): SecretExplainer =>
  (name, variable) => {
    const report = (state: SecretReport['state'], reason = ''): SecretReport => ({
      name,
      variable,
      state,
      reason,
    })
    const same = name.toLowerCase()
    const secret = kept?.find((one) => one.name.toLowerCase() === same)
    if (secret !== undefined)
      return mayHaveSecret(origin, secret)
        ? report('given')
        : report('withheld', `the secret is not for ${audiences[origin]}`)
    if (documents.includes(name)) return report('unknown', 'by a secret document of the file')
    if (kept !== null) return report('missing', 'the repository has no such secret')
    const marked = origin === 'own' ? '' : `, marked for ${audiences[origin]}`
    return report('unknown', `given if the repository has it${marked}`)
  }

const audiences: Readonly<Record<Origin, string>> = {
  own: 'builds',
  pull_request: 'pull requests',
  fork: 'forks',
}
