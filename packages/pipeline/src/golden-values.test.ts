import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { type CompileSettings, defaultCompileSettings } from './compile/compile-settings.ts'
import { baseEnvironment } from './environment/compiled-environment.ts'
import { netrcEnvironment } from './environment/environment-base.ts'
import { type RefreshState, refreshEnvironment } from './environment/refresh-environment.ts'
import { parseManifest } from './parse-manifest.ts'
import { substituteDocument } from './substitution/substitute-document.ts'
import { stableNames, substitutionValues } from './substitution/substitution-values.ts'
import { readDocuments } from './yaml/read-documents.ts'
import type { YamlNode } from './yaml/yaml-node.ts'

const folder = join(import.meta.dirname, '../testdata')
const read = (name: string, file: string): string => readFileSync(join(folder, name, file), 'utf8')
const sample = JSON.parse(read('.', 'given.json')) as Given

/** What a case changes of the sample. */
interface Changes {
  readonly build?: Partial<Given['build']>
  readonly stage?: Partial<Given['stage']>
  readonly siblings?: Given['siblings']
  readonly netrc?: Given['netrc']
  readonly settings?: Partial<CompileSettings>
  readonly state?: Partial<RefreshState>
  readonly pipeline?: string
}

const changesOf = (name: string): Changes => JSON.parse(read(name, 'build.json')) as Changes

const givenOf = ({ build, stage, siblings, netrc }: Changes): Given => ({
  ...sample,
  build: { ...sample.build, ...build },
  stage: { ...sample.stage, ...stage },
  siblings: siblings ?? [],
  netrc: netrc ?? null,
})

const settingsOf = ({ settings }: Changes): CompileSettings => ({
  ...defaultCompileSettings,
  ...settings,
})

const casesOf = (prefix: RegExp): string[] =>
  readdirSync(folder).filter(
    (name) => prefix.test(name) && existsSync(join(folder, name, 'build.json')),
  )

const plain = (node: YamlNode): unknown => {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]))
}

const print = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

describe('substitution by the checklist of the specification', () => {
  it.each(casesOf(/^F3[234]-/))('testdata/%s is substituted as it was', async (name) => {
    const changes = changesOf(name)
    const given = givenOf(changes)
    const values = substitutionValues(given, settingsOf(changes).environment)
    const { documents, issues } = readDocuments(read(name, 'input.yml'))
    expect(issues).toEqual([])
    const substituted = documents.map(({ root, number }) => {
      const { root: changed, ...rest } = substituteDocument(root!, number, {
        lookup: (variable) => values.get(variable) ?? '',
        isStable: stableNames(given),
      })
      return { document: plain(changed), ...rest }
    })
    await expect(print(substituted)).toMatchFileSnapshot(join(folder, name, 'substituted.json'))
  })
})

const startedAt = 1_700_000_100_000

/** What substitution and a step see of one build. Variables of engines and of the step itself are not here. */
const variablesOf = (changes: Changes) => {
  const given = givenOf(changes)
  const settings = settingsOf(changes)
  const [document] = parseManifest(changes.pipeline ?? 'kind: pipeline\n').documents
  if (document?.role !== 'pipeline') throw new Error('no pipeline')
  const state: RefreshState = {
    buildStatus: given.build.status,
    stageStatus: 'running',
    stageStartedAt: startedAt,
    failedSteps: [],
    step: { name: 'test', number: 2 },
    nowMs: startedAt + 7_000,
    ...changes.state,
  }
  return {
    substitution: Object.fromEntries(substitutionValues(given, settings.environment)),
    step: {
      ...baseEnvironment(given, document.pipeline, settings),
      ...netrcEnvironment(given),
      ...refreshEnvironment(given, state),
    },
  }
}

const inOrder = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1)))

describe('variables by the checklist of the specification', () => {
  const cases = casesOf(/^F68-/)

  it.each(cases)('testdata/%s has the variables that it had', async (name) => {
    const { substitution, step } = variablesOf(changesOf(name))
    const printed = print({ substitution: inOrder(substitution), step: inOrder(step) })
    await expect(printed).toMatchFileSnapshot(join(folder, name, 'environment.json'))
  })

  const seen = () => {
    const all = cases.map((name) => variablesOf(changesOf(name)))
    return {
      substitution: new Set(all.flatMap(({ substitution }) => Object.keys(substitution))),
      step: new Set(all.flatMap(({ step }) => Object.keys(step))),
    }
  }

  it('are all of those that the specification names, and no others', () => {
    const own = ['BASE', 'k', 'MODE', 'OWN', 'region']
    const { substitution, step } = seen()
    const withoutOwn = (names: ReadonlySet<string>) =>
      [...names].filter((name) => !own.includes(name))
    expect(withoutOwn(substitution).sort()).toEqual([...words(substituted)].sort())
    expect(withoutOwn(step).sort()).toEqual([...words(substituted), ...words(stepOnly)].sort())
  })

  it('are none of those that only older generations had', () => {
    const { step } = seen()
    expect(words(gone).filter((name) => step.has(name))).toEqual([])
  })
})

const words = (text: string): string[] => text.trim().split(/\s+/)

/** environment.md §3 to §7, §13, §16, §17: usable in substitution. WAGGLE is ours (§3). */
const substituted = `
  CI DRONE WAGGLE DRONE_SYSTEM_PROTO DRONE_SYSTEM_HOST DRONE_SYSTEM_HOSTNAME DRONE_SYSTEM_VERSION
  DRONE_REPO DRONE_REPO_NAMESPACE DRONE_REPO_OWNER DRONE_REPO_NAME DRONE_REPO_LINK DRONE_REPO_BRANCH
  DRONE_REPO_SCM DRONE_REPO_VISIBILITY DRONE_REPO_PRIVATE DRONE_REMOTE_URL DRONE_GIT_HTTP_URL
  DRONE_GIT_SSH_URL
  DRONE_BUILD_NUMBER DRONE_BUILD_PARENT DRONE_BUILD_EVENT DRONE_BUILD_ACTION DRONE_BUILD_TRIGGER
  DRONE_BUILD_STATUS DRONE_BUILD_DEBUG DRONE_BUILD_CREATED DRONE_BUILD_STARTED DRONE_BUILD_FINISHED
  DRONE_BUILD_LINK DRONE_BRANCH DRONE_TARGET_BRANCH DRONE_COMMIT_BRANCH DRONE_SOURCE_BRANCH DRONE_COMMIT
  DRONE_COMMIT_SHA DRONE_COMMIT_AFTER DRONE_COMMIT_BEFORE DRONE_COMMIT_REF DRONE_COMMIT_LINK
  DRONE_COMMIT_MESSAGE DRONE_COMMIT_AUTHOR DRONE_COMMIT_AUTHOR_NAME DRONE_COMMIT_AUTHOR_EMAIL
  DRONE_COMMIT_AUTHOR_AVATAR DRONE_DEPLOY_TO DRONE_DEPLOY_ID
  DRONE_FAILED_STAGES DRONE_PULL_REQUEST DRONE_PULL_REQUEST_TITLE DRONE_TAG
  DRONE_SEMVER DRONE_SEMVER_MAJOR DRONE_SEMVER_MINOR DRONE_SEMVER_PATCH DRONE_SEMVER_SHORT
  DRONE_SEMVER_PRERELEASE DRONE_SEMVER_BUILD DRONE_SEMVER_ERROR
  DRONE_CALVER DRONE_CALVER_SHORT DRONE_CALVER_MAJOR_MINOR DRONE_CALVER_MAJOR DRONE_CALVER_MINOR
  DRONE_CALVER_MICRO DRONE_CALVER_MODIFIER
  DRONE_STAGE_KIND DRONE_STAGE_TYPE DRONE_STAGE_NAME DRONE_STAGE_NUMBER DRONE_STAGE_MACHINE DRONE_STAGE_OS
  DRONE_STAGE_ARCH DRONE_STAGE_VARIANT DRONE_STAGE_VERSION DRONE_STAGE_STATUS DRONE_STAGE_STARTED
  DRONE_STAGE_FINISHED DRONE_STAGE_DEPENDS_ON DRONE_CARD_PATH
  CI_REPO CI_REPO_NAME CI_REPO_LINK CI_REPO_REMOTE CI_REMOTE_URL CI_REPO_PRIVATE CI_BUILD_NUMBER
  CI_PARENT_BUILD_NUMBER CI_BUILD_CREATED CI_BUILD_STARTED CI_BUILD_FINISHED CI_BUILD_STATUS CI_BUILD_EVENT
  CI_BUILD_LINK CI_BUILD_TARGET CI_COMMIT_SHA CI_COMMIT_REF CI_COMMIT_BRANCH CI_COMMIT_MESSAGE
  CI_COMMIT_AUTHOR CI_COMMIT_AUTHOR_NAME CI_COMMIT_AUTHOR_EMAIL CI_COMMIT_AUTHOR_AVATAR`

/** environment.md §7 to §11, and failed steps, which no stage has when it starts. */
const stepOnly = `
  DRONE_STEP_NAME DRONE_STEP_NUMBER DRONE_FAILED_STEPS
  http_proxy HTTP_PROXY https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
  DRONE_NETRC_MACHINE DRONE_NETRC_USERNAME DRONE_NETRC_PASSWORD DRONE_NETRC_FILE
  GIT_AUTHOR_NAME GIT_COMMITTER_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_EMAIL GIT_TERMINAL_PROMPT GIT_TRACE
  GIT_SSL_NO_VERIFY
  DRONE_TMATE_HOST DRONE_TMATE_PORT DRONE_TMATE_FINGERPRINT_RSA DRONE_TMATE_FINGERPRINT_ED25519
  DRONE_TMATE_AUTHORIZED_KEYS`

/** environment.md §18. */
const gone = `
  DRONE_MACHINE DRONE_RUNNER_HOST DRONE_RUNNER_HOSTNAME DRONE_RUNNER_PLATFORM DRONE_JOB_STATUS
  DRONE_JOB_STARTED DRONE_JOB_FINISHED CI_JOB_STATUS CI_JOB_STARTED CI_JOB_FINISHED CI_WORKSPACE
  CI_WORKSPACE_BASE CI_WORKSPACE_PATH DRONE_STAGE_KERNEL DRONE_CRON DRONE_COMMIT_TITLE DRONE_SENDER`
