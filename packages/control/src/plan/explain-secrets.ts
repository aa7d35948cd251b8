import { type Exposure, mayHaveSecret, type Origin, type Repo, type Secret } from '@waggle/domain'
import { openSecretDocuments, type ParsedManifest } from '@waggle/pipeline'
import type { SecretReport } from './plan-report.ts'

/** Says of a name what a step of the build would get for it. */
export type SecretExplainer = (name: string, variable: string) => SecretReport

export type KnownSecret = Pick<Secret, 'name'> & Exposure

export interface SecretSources {
  readonly origin: Origin
  readonly repo: Pick<Repo, 'private' | 'visibility'>
  /** The repository's, then its namespace's; `null` = not known here. */
  readonly stored: readonly KnownSecret[] | null
  readonly manifest: ParsedManifest
  /** Opens the file's own secret documents; `null` = not known here. */
  readonly key: string | null
}

type Answer = readonly [state: SecretReport['state'], reason: string]

/** By the rules of `givenSecrets`, with the reason of each refusal (pipeline.md §12.11, threats.md C.1). Values are
 *  looked at only to see whether they open. */
export const explainSecrets =
  (sources: SecretSources): SecretExplainer =>
  (name, variable) => {
    const stored = ofStored(sources, name)
    const [state, reason] =
      stored?.[0] === 'given' ? stored : (ofDocuments(sources, name) ?? stored ?? absent(sources))
    return { name, variable, state, reason }
  }

const ofStored = ({ origin, stored }: SecretSources, name: string): Answer | null => {
  const same = name.toLowerCase()
  const found = stored?.filter((one) => one.name.toLowerCase() === same) ?? []
  if (found.length === 0) return null
  if (found.some((secret) => mayHaveSecret(origin, secret))) return ['given', '']
  return ['withheld', `the secret is not for ${audiences[origin]}`]
}

const ofDocuments = (sources: SecretSources, name: string): Answer | null => {
  const { origin, repo, manifest, key } = sources
  const written = manifest.documents.flatMap((document) =>
    document.role === 'secret' && document.secret.name === name ? [document.secret] : [],
  )
  if (written.length === 0) return null
  if (written.every(({ data }) => data === '')) return ['unknown', 'by the secret extension']
  const isPublic = !repo.private || repo.visibility === 'public'
  if (origin === 'fork' || (origin === 'pull_request' && isPublic))
    return ['withheld', `the file's own secrets are not for ${audiences[origin]}`]
  if (key === null) return ['unknown', "given if the repository's key opens it"]
  const isOpen = openSecretDocuments(manifest, [name], key).secrets.length > 0
  return isOpen ? ['given', ''] : ['missing', "the repository's key does not open it"]
}

/** A worker may have secrets of its own, for builds of the repository's own code. */
const absent = ({ origin, stored }: SecretSources): Answer => {
  if (stored !== null) return ['missing', 'neither the repository nor its namespace has it']
  const marked = origin === 'own' ? '' : `, marked for ${audiences[origin]}`
  return ['unknown', `given if the repository has it${marked}`]
}

const audiences: Readonly<Record<Origin, string>> = {
  own: 'builds',
  pull_request: 'pull requests',
  fork: 'forks',
}
