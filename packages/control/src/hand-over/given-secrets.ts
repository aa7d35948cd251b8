import {
  type Build,
  type Exposure,
  type Given,
  type GivenSecret,
  isWaggleError,
  mayHaveSecret,
  type OrgSecret,
  originOf,
  type Repo,
  type Secret,
} from '@waggle/domain'
import {
  namedSecrets,
  openSecretDocuments,
  type ParsedManifest,
  substitutionValues,
} from '@waggle/pipeline'
import type { ControlDeps } from '../control-deps.ts'
import { orgSecretPlace, secretPlace } from '../places.ts'
import { openRepoSecret } from './open-repo-secret.ts'

export interface SecretFacts {
  readonly build: Build
  readonly repo: Repo
  /** The repository's own. */
  readonly kept: readonly Secret[]
  /** Those of its namespace. */
  readonly shared: readonly OrgSecret[]
  readonly given: Given
  /** Variables of the worker that asks: names of secrets may be made of them (environment.md §2.2). */
  readonly workerEnvironment: Readonly<Record<string, string>>
  readonly parse: () => ParsedManifest
}

/** Those secrets that the stage's file names and the build's origin may have, in the clear (threats.md C.1, T-02), in
 *  the order of pipeline.md §12.11: the repository's, its namespace's, the file's own. A text is the reason why they
 *  cannot be given. */
export const givenSecrets = (
  deps: Pick<ControlDeps, 'sealer' | 'log'>,
  facts: SecretFacts,
): readonly GivenSecret[] | string => {
  const { kept, shared, given, build, repo } = facts
  // Parsing costs more than all the rest of an accept.
  if (kept.length + shared.length === 0 && !mayHoldDocuments(given.manifest)) return []
  const values = substitutionValues(given, facts.workerEnvironment)
  const manifest = facts.parse()
  const names = namedSecrets(manifest, given.stage.name, values)
  const stored = allowedSecrets([...kept, ...shared], names, build, repo)
  const opened: GivenSecret[] = []
  for (const secret of stored) {
    const value = openStored(deps, secret, build)
    if (value === null) return `secret ${secret.name} cannot be decrypted with the server's keys`
    opened.push({ name: secret.name, value })
  }
  return [...opened, ...documentSecrets(deps, facts, manifest, names)]
}

/** Pure: which of the stored secrets a stage gets. Names are compared without case; the first of a name counts. */
export const allowedSecrets = <S extends Pick<Secret, 'name'> & Exposure>(
  stored: readonly S[],
  named: readonly string[],
  build: Pick<Build, 'event' | 'ref' | 'sourceRepo'>,
  repo: Pick<Repo, 'slug'>,
): readonly S[] => {
  const wanted = new Set(named.map((name) => name.toLowerCase()))
  const origin = originOf(build, repo)
  // Deleting what was found leaves later ones of the name out.
  return stored.filter(
    (secret) => mayHaveSecret(origin, secret) && wanted.delete(secret.name.toLowerCase()),
  )
}

const openStored = (
  { sealer, log }: Pick<ControlDeps, 'sealer' | 'log'>,
  secret: Secret | OrgSecret,
  build: Build,
): string | null => {
  const place =
    'repoId' in secret
      ? secretPlace(secret.repoId, secret.name)
      : orgSecretPlace(secret.namespace, secret.name)
  try {
    return sealer.open(secret.dataSealed, place).toString('utf8')
  } catch (error) {
    if (!isWaggleError(error, 'internal')) throw error
    log.error('a secret cannot be decrypted', { 'build.id': build.id, err: error })
    return null
  }
}

/** Whether a `kind: secret` document may stand in the file: its word does, apart from `from_secret`, or escapes that
 *  could spell it. */
const mayHoldDocuments = (manifest: string): boolean => /\bsecret\b|\\[xuU]/.test(manifest)

/** Values that the file itself carries, encrypted with the repository's key. They cannot be marked for anybody: a fork
 *  gets none, and no pull request of a public repository does. */
const documentSecrets = (
  { sealer, log }: Pick<ControlDeps, 'sealer' | 'log'>,
  { build, repo }: SecretFacts,
  manifest: ParsedManifest,
  names: readonly string[],
): readonly GivenSecret[] => {
  const origin = originOf(build, repo)
  const isPublic = !repo.private || repo.visibility === 'public'
  if (origin === 'fork' || (origin === 'pull_request' && isPublic)) return []
  if (!manifest.documents.some((document) => document.role === 'secret')) return []
  const key = openRepoSecret(sealer, repo)
  if (key === null) return []
  const { secrets, broken } = openSecretDocuments(manifest, names, key)
  // Whoever wrote it is told by the step's warning; a later source may still have the name (rule X16).
  if (broken.length > 0)
    log.warn('secret documents do not open with the repository key', {
      'build.id': build.id,
      count: broken.length,
    })
  return secrets.map((secret) => ({ ...secret, isExact: true }))
}
