import type { Build, Database, Given, Repo, Stage, WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { externalSecrets } from '../extensions/external-secrets.ts'
import { resolveExternal } from '../extensions/resolve-external.ts'
import { installationOf } from '../installation.ts'
import { recentManifests } from '../trigger/recent-manifests.ts'
import { cloneNetrc } from './clone-netrc.ts'
import { givenSecrets } from './given-secrets.ts'

type ResolveDeps = Pick<
  ControlDeps,
  'database' | 'sealer' | 'system' | 'log' | 'cloneAccount' | 'extensions'
>

/** All that an attempt is given, or the reason why the stage can never run: then it has to end. */
export type Resolved =
  | { readonly kind: 'given'; readonly given: Given }
  | { readonly kind: 'unfit'; readonly message: string }

export interface ResolveQuestion {
  readonly attempt: number
  /** Variables that the worker gives to all steps. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

export const resolveGiven = async (
  deps: ResolveDeps,
  worker: Pick<WorkerRecord, 'name'>,
  stage: Stage,
  { attempt, environment = {} }: ResolveQuestion,
): Promise<Resolved> => {
  const { database } = deps
  // Asked for together: on PostgreSQL all of it is one packet.
  const recent = recentManifests(database)
  const [build, repo, siblings, kept, installation, unread] = await Promise.all([
    database.builds.find(stage.buildId),
    database.repos.find(stage.repoId),
    database.stages.outline(stage.buildId),
    database.secrets.listByRepo(stage.repoId),
    installationOf(database),
    recent.has(stage.buildId) ? null : database.builds.findManifest(stage.buildId),
  ])
  if (build && unread !== null) recent.add(build, unread)
  const manifest = unread ?? (build && (await manifestOf(database, build)))
  if (!build || !repo || manifest === null)
    return { kind: 'unfit', message: 'the build, its repository or its manifest is gone' }
  const resolved: Given = {
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
    netrc: cloneNetrc(deps.cloneAccount, repo, build),
    system: deps.system,
  }
  const external = await resolveExternal(deps, { repo, build }, resolved)
  const given = external === undefined ? resolved : { ...resolved, external }
  const parse = () => recentManifests(database).parse(build, manifest)
  const isAsking = mayHoldKey(manifest, 'secret')
  const shared = isAsking ? await database.orgSecrets.listByNamespace(repo.namespace) : []
  const facts = { build, repo, kept, shared, given, workerEnvironment: environment, parse }
  const secrets = givenSecrets(deps, facts)
  if (typeof secrets === 'string') return { kind: 'unfit', message: secrets }
  const far = isAsking ? await externalSecrets(deps, facts, secrets) : []
  return { kind: 'given', given: { ...given, secrets: [...secrets, ...far] } }
}

const manifestOf = async (database: Database, build: Build): Promise<string | null> => {
  const recent = recentManifests(database)
  const known = recent.find(build)
  if (known !== null) return known
  const text = await database.builds.findManifest(build.id)
  if (text !== null) recent.add(build, text)
  return text
}

/** Whether a key with this word in it may stand in the file; one that is written with escapes counts too. */
const mayHoldKey = (manifest: string, word: string): boolean =>
  manifest.includes(word) || manifest.includes('\\')

/** Only a file that may ask for them is given the changed files. */
const changedFilesOf = async (
  { builds }: Pick<Database, 'builds'>,
  { id }: Build,
  manifest: string,
): Promise<Pick<Given['build'], 'changedFiles'>> => {
  const plan = mayHoldKey(manifest, 'paths') ? await builds.findPlan(id) : null
  return plan?.changedFiles === undefined ? {} : { changedFiles: plan.changedFiles }
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
