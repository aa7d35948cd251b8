import type {
  Build,
  Database,
  Given,
  GivenSecret,
  Repo,
  Secret,
  Stage,
  WorkerRecord,
} from '@waggle/domain'
import { isWaggleError, mayHaveSecret, originOf } from '@waggle/domain'
import { namedSecrets, type ParsedManifest, substitutionValues } from '@waggle/pipeline'
import type { ControlDeps } from './control-deps.ts'
import { installationOf } from './installation.ts'
import { secretPlace } from './places.ts'
import { recentManifests } from './recent-manifests.ts'

type ResolveDeps = Pick<ControlDeps, 'database' | 'sealer' | 'system' | 'log'>

/** All that an attempt is given, or the reason why the stage can never run: then it has to end. */
export type Resolved =
  | { readonly kind: 'given'; readonly given: Given }
  | { readonly kind: 'unfit'; readonly message: string }

export const resolveGiven = async (
  deps: ResolveDeps,
  worker: Pick<WorkerRecord, 'name'>,
  stage: Stage,
  attempt: number,
): Promise<Resolved> => {
  const { database } = deps
  const [build, repo, siblings, kept, installation] = await Promise.all([
    database.builds.find(stage.buildId),
    database.repos.find(stage.repoId),
    database.stages.outline(stage.buildId),
    database.secrets.listByRepo(stage.repoId),
    installationOf(database),
  ])
  const manifest = build && (await manifestOf(database, build))
  if (!build || !repo || manifest === null)
    return { kind: 'unfit', message: 'the build, its repository or its manifest is gone' }
  const given: Given = {
    installation,
    attempt,
    repo: givenRepo(repo),
    build: { ...givenBuild(build), ...(await changedFilesOf(database, build, manifest)) },
    stage: givenStage(stage, worker.name),
    siblings: siblings
      .filter(({ id }) => id !== stage.id)
      .map(({ name, number, status }) => ({ name, number, status })),
    manifest,
    secrets: [],
    netrc: null,
    system: deps.system,
  }
  const parse = () => recentManifests(database).parse(build, manifest)
  const secrets = openSecrets(deps, { build, repo, kept, given, parse })
  if (typeof secrets === 'string') return { kind: 'unfit', message: secrets }
  return { kind: 'given', given: { ...given, secrets } }
}

const manifestOf = async (database: Database, build: Build): Promise<string | null> => {
  const recent = recentManifests(database)
  const known = recent.find(build)
  if (known !== null) return known
  const text = await database.builds.findManifest(build.id)
  if (text !== null) recent.add(build, text)
  return text
}

/** Only a file that may ask for them is given the changed files: the word stands in any that does. */
const changedFilesOf = async (
  { builds }: Pick<Database, 'builds'>,
  { id }: Build,
  manifest: string,
): Promise<Pick<Given['build'], 'changedFiles'>> => {
  const plan = manifest.includes('paths') ? await builds.findPlan(id) : null
  return plan?.changedFiles === undefined ? {} : { changedFiles: plan.changedFiles }
}

/** Those secrets that the stage's file names and the build's origin may have, in the clear (threats.md C.1, T-02).
 *  A text is the reason why they cannot be given. */
const openSecrets = (
  { sealer, log }: ResolveDeps,
  facts: {
    readonly build: Build
    readonly repo: Repo
    readonly kept: readonly Secret[]
    readonly given: Given
    readonly parse: () => ParsedManifest
  },
): readonly GivenSecret[] | string => {
  const { kept, given } = facts
  // Parsing costs more than all the rest of an accept.
  if (kept.length === 0) return []
  // As the worker will read them, but for variables of its own, which are not known here.
  const values = substitutionValues(given, {})
  const names = namedSecrets(facts.parse(), given.stage.name, values)
  const allowed = allowedSecrets(kept, names, facts.build, facts.repo)
  const opened: GivenSecret[] = []
  for (const secret of allowed) {
    try {
      const value = sealer.open(secret.dataSealed, secretPlace(secret.repoId, secret.name))
      opened.push({ name: secret.name, value: value.toString('utf8') })
    } catch (error) {
      if (!isWaggleError(error, 'internal')) throw error
      log.error('a secret cannot be decrypted', { 'build.id': facts.build.id, err: error })
      return `secret ${secret.name} cannot be decrypted with the server's keys`
    }
  }
  return opened
}

/** Pure: which of the repository's secrets a stage gets. Names are compared without case. */
export const allowedSecrets = (
  kept: readonly Secret[],
  named: readonly string[],
  build: Pick<Build, 'event' | 'ref' | 'sourceRepo'>,
  repo: Pick<Repo, 'slug'>,
): readonly Secret[] => {
  const wanted = new Set(named.map((name) => name.toLowerCase()))
  const origin = originOf(build, repo)
  return kept.filter(
    (secret) => wanted.has(secret.name.toLowerCase()) && mayHaveSecret(origin, secret),
  )
}

const givenRepo = (repo: Repo): Given['repo'] => {
  const { id, uid, namespace, name, slug, gitHttpUrl, gitSshUrl, link, defaultBranch } = repo
  const { visibility, trusted, timeoutMinutes } = repo
  return {
    ...{ id, uid, namespace, name, slug, gitHttpUrl, gitSshUrl, link, defaultBranch },
    ...{ private: repo.private, visibility, trusted, timeoutMinutes },
  }
}

const givenBuild = (build: Build): Given['build'] => {
  const { updatedAt: _u, version: _v, error: _e, repoId: _r, ...given } = build
  return given
}

const givenStage = (stage: Stage, machine: string): Given['stage'] => {
  const { id, number, name, kind, type, os, arch, variant, kernel, labels, dependsOn } = stage
  const { onSuccess, onFailure, version, createdAt } = stage
  return {
    ...{ id, number, name, kind, type, os, arch, variant, kernel, machine, labels, dependsOn },
    ...{ onSuccess, onFailure, version, createdAt },
  }
}
