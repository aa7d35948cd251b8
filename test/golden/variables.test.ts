import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { type Given, type Spec, type SpecStep, silentLogger } from '@waggle/domain'
import { compileDocker } from '@waggle/engine-docker'
import { compileExec, createExecEngine } from '@waggle/engine-exec'
import {
  type CompileSettings,
  defaultCompileSettings,
  freshEnvironment,
  type StepMoment,
  substitutionValues,
} from '@waggle/pipeline'
import { tempFolder } from '@waggle/testkit'
import { afterAll, describe, expect, it } from 'vitest'

const sample = JSON.parse(
  readFileSync(
    new URL('../../packages/engine-docker/testdata/given.json', import.meta.url),
    'utf8',
  ),
) as Given

const words = (text: string): string[] => text.trim().split(/\s+/)

/** The index of environment.md (§20), groups written out: usable in substitution, and in steps of both engines. */
const everywhere = words(`
  CI CI_REPO CI_REPO_NAME CI_REPO_LINK CI_REPO_REMOTE CI_REMOTE_URL CI_REPO_PRIVATE CI_BUILD_NUMBER
  CI_PARENT_BUILD_NUMBER CI_BUILD_CREATED CI_BUILD_STARTED CI_BUILD_FINISHED CI_BUILD_STATUS CI_BUILD_EVENT
  CI_BUILD_LINK CI_BUILD_TARGET CI_COMMIT_SHA CI_COMMIT_REF CI_COMMIT_BRANCH CI_COMMIT_MESSAGE
  CI_COMMIT_AUTHOR CI_COMMIT_AUTHOR_NAME CI_COMMIT_AUTHOR_EMAIL CI_COMMIT_AUTHOR_AVATAR
  DRONE DRONE_BRANCH DRONE_BUILD_ACTION DRONE_BUILD_CREATED DRONE_BUILD_DEBUG DRONE_BUILD_EVENT
  DRONE_BUILD_FINISHED DRONE_BUILD_LINK DRONE_BUILD_NUMBER DRONE_BUILD_PARENT DRONE_BUILD_STARTED
  DRONE_BUILD_STATUS DRONE_BUILD_TRIGGER
  DRONE_CALVER DRONE_CALVER_SHORT DRONE_CALVER_MAJOR_MINOR DRONE_CALVER_MAJOR DRONE_CALVER_MINOR
  DRONE_CALVER_MICRO DRONE_CALVER_MODIFIER
  DRONE_CARD_PATH DRONE_COMMIT DRONE_COMMIT_SHA DRONE_COMMIT_AFTER DRONE_COMMIT_BEFORE DRONE_COMMIT_REF
  DRONE_COMMIT_BRANCH DRONE_COMMIT_LINK DRONE_COMMIT_MESSAGE DRONE_COMMIT_AUTHOR DRONE_COMMIT_AUTHOR_NAME
  DRONE_COMMIT_AUTHOR_EMAIL DRONE_COMMIT_AUTHOR_AVATAR DRONE_DEPLOY_ID DRONE_DEPLOY_TO
  DRONE_FAILED_STAGES DRONE_GIT_HTTP_URL DRONE_GIT_SSH_URL DRONE_PULL_REQUEST DRONE_PULL_REQUEST_TITLE
  DRONE_REMOTE_URL DRONE_REPO DRONE_REPO_NAMESPACE DRONE_REPO_OWNER DRONE_REPO_NAME DRONE_REPO_LINK
  DRONE_REPO_BRANCH DRONE_REPO_SCM DRONE_REPO_VISIBILITY DRONE_REPO_PRIVATE
  DRONE_SEMVER DRONE_SEMVER_MAJOR DRONE_SEMVER_MINOR DRONE_SEMVER_PATCH DRONE_SEMVER_SHORT
  DRONE_SEMVER_PRERELEASE DRONE_SEMVER_BUILD DRONE_SEMVER_ERROR
  DRONE_SOURCE_BRANCH DRONE_TARGET_BRANCH
  DRONE_STAGE_KIND DRONE_STAGE_TYPE DRONE_STAGE_NAME DRONE_STAGE_NUMBER DRONE_STAGE_MACHINE DRONE_STAGE_OS
  DRONE_STAGE_ARCH DRONE_STAGE_VARIANT DRONE_STAGE_VERSION DRONE_STAGE_STATUS DRONE_STAGE_STARTED
  DRONE_STAGE_FINISHED DRONE_STAGE_DEPENDS_ON
  DRONE_SYSTEM_PROTO DRONE_SYSTEM_HOST DRONE_SYSTEM_HOSTNAME DRONE_SYSTEM_VERSION DRONE_TAG`)

/** In steps of both engines, but not in substitution. A stage that starts has no failed steps yet. */
const inSteps = words(`
  DRONE_FAILED_STEPS DRONE_STEP_NAME DRONE_STEP_NUMBER DRONE_WORKSPACE
  GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_TERMINAL_PROMPT GIT_TRACE
  GIT_SSL_NO_VERIFY
  http_proxy HTTP_PROXY https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY`)

const onlyDocker = words(`
  DRONE_DOCKER_NETWORK_ID DRONE_DOCKER_VOLUME_ID DRONE_DOCKER_VOLUME_PATH
  DRONE_NETRC_MACHINE DRONE_NETRC_USERNAME DRONE_NETRC_PASSWORD DRONE_NETRC_FILE DRONE_SCRIPT
  DRONE_TMATE_HOST DRONE_TMATE_PORT DRONE_TMATE_FINGERPRINT_RSA DRONE_TMATE_FINGERPRINT_ED25519
  DRONE_TMATE_AUTHORIZED_KEYS DRONE_WORKSPACE_BASE DRONE_WORKSPACE_PATH SHELL
  PLUGIN_DEPTH PLUGIN_RETRIES PLUGIN_SKIP_VERIFY PLUGIN_REPO`)

/** The host's are not in the index but in §12.1. */
const onlyExec = words('DRONE_HOME HOME HOMEPATH USERPROFILE PATH USER')

/** Of kubernetes (§12.2), which no engine of ours runs; and those of older generations (§18). */
const nowhere = words(`
  KUBERNETES_NODE
  DRONE_MACHINE DRONE_RUNNER_HOST DRONE_RUNNER_HOSTNAME DRONE_RUNNER_PLATFORM DRONE_JOB_STATUS
  DRONE_JOB_STARTED DRONE_JOB_FINISHED CI_JOB_STATUS CI_JOB_STARTED CI_JOB_FINISHED CI_WORKSPACE
  CI_WORKSPACE_BASE CI_WORKSPACE_PATH DRONE_STAGE_KERNEL DRONE_CRON DRONE_COMMIT_TITLE DRONE_SENDER`)

interface Case {
  readonly build?: Partial<Given['build']>
  readonly siblings?: Given['siblings']
  readonly settings?: Partial<CompileSettings>
  readonly failed?: StepMoment['stage']
}

const cases: Readonly<Record<string, Case>> = {
  push: {},
  'a local folder': { settings: { localFolder: '/srv/app' } },
  'a pull request': {
    build: { event: 'pull_request', ref: 'refs/pull/7/head', sourceRepo: 'acme/app' },
  },
  'a tag of both kinds': { build: { event: 'tag', ref: 'refs/tags/24.5.0-rc.1+b5' } },
  'a tag of no version': { build: { event: 'tag', ref: 'refs/tags/nightly' } },
  'a cron': { build: { event: 'cron', trigger: '@cron', cron: 'nightly' } },
  'a promotion': { build: { event: 'promote', parent: 3, deployTo: 'staging' } },
  'after failures': {
    siblings: [{ name: 'lint', number: 2, status: 'failure' }],
    failed: { status: 'failure', steps: [{ name: 'x', status: 'failure', errIgnore: false }] },
  },
}

const settings: CompileSettings = {
  ...defaultCompileSettings,
  proxies: { http_proxy: 'a', https_proxy: 'b', no_proxy: 'c', all_proxy: 'd' },
  tmate: {
    ...{ host: 'tmate.example', port: '1', fingerprintRsa: 'r', fingerprintEd25519: 'e' },
    authorizedKeys: 'k',
  },
  hostEnvironment: { PATH: '/usr/bin:/bin', USER: 'bee' },
}

const givenOf = (type: 'docker' | 'exec', manifest: string, { build, siblings }: Case): Given => ({
  ...sample,
  manifest,
  netrc: { machine: 'git.example', login: 'l', password: 'p' },
  build: { ...sample.build, ...build },
  siblings: siblings ?? [],
  stage: { ...sample.stage, type, variant: 'v8', dependsOn: ['lint'] },
})

const fresh = (given: Given, step: SpecStep, { failed }: Case): Record<string, string> =>
  freshEnvironment(given, {
    step,
    stage: failed ?? { status: 'running', steps: [] },
    stageStartedAt: 1_000,
    nowMs: 2_000,
  })

const clone = 'clone: {trace: true, skip_verify: true, depth: 1, retries: 2}'

const docker = (one: Case, platform = 'linux'): string[] => {
  const manifest = `kind: pipeline\nplatform: {os: ${platform}}\n${clone}\nsteps:\n- {name: plugin, image: x, settings: {repo: y}}\n- {name: script, image: x, commands: [id]}\n`
  const given = givenOf('docker', manifest, one)
  const result = compileDocker(given, { ...settings, ...one.settings })
  if (result.kind === 'error') throw new Error(result.message)
  return result.spec.steps.flatMap((step) =>
    Object.keys({ ...step.environment, ...fresh(given, step, one) }),
  )
}

const temp = await tempFolder('variables')
afterAll(() => temp.remove())
const engine = createExecEngine({ root: temp.path, log: silentLogger })

/** What the process of a step finds: this engine takes some of what was compiled out again. */
const exec = async (one: Case): Promise<string[]> => {
  const manifest = `kind: pipeline\ntype: exec\n${clone}\nsteps: [{name: a, commands: [env -0]}]\n`
  const given = givenOf('exec', manifest, one)
  const own = { ...settings, ...one.settings, root: temp.path, localFolder: '' }
  const result = compileExec(given, own)
  if (result.kind === 'error') throw new Error(result.message)
  const { spec } = result
  const step = spec.steps.at(-1)!
  await engine.setup(spec)
  try {
    return namesIn(await outputOf(spec, step, fresh(given, step, one)))
  } finally {
    await engine.destroy(spec)
  }
}

const outputOf = async (
  spec: Spec,
  step: SpecStep,
  environment: Record<string, string>,
): Promise<string> => {
  const parts: Buffer[] = []
  await engine.run(spec, step, {
    output: { write: (bytes) => void parts.push(Buffer.from(bytes)) },
    ...{ try: 1, environment, killGraceMs: 1_000 },
    signal: new AbortController().signal,
  })
  return Buffer.concat(parts).toString()
}

/** The trace comes first; the shell adds some of its own. */
const namesIn = (output: string): string[] =>
  output
    .slice(output.indexOf('\n') + 1)
    .split('\0')
    .map((pair) => pair.slice(0, pair.indexOf('=')))
    .filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort()

describe('the index of variables', () => {
  const all = Object.values(cases)
  // Ours (environment.md §3).
  const own = ['WAGGLE']

  it('is what steps in containers are given, and no more', () => {
    const names = [...all.flatMap((one) => docker(one)), ...docker({}, 'windows')]
    expect(sorted(names)).toEqual(sorted([...own, ...everywhere, ...inSteps, ...onlyDocker]))
  })

  it('is what steps of exec pipelines are given, and no more', async () => {
    const names: string[] = []
    for (const one of all) names.push(...(await exec(one)))
    expect(sorted(names)).toEqual(sorted([...own, ...everywhere, ...inSteps, ...onlyExec]))
  })

  it('is what substitution knows, and no more', () => {
    const names = all.flatMap((one) => [
      ...substitutionValues(givenOf('docker', '', one), {}).keys(),
    ])
    expect(sorted(names)).toEqual(sorted([...own, ...everywhere]))
  })

  it('leaves out what only other engines and older generations have', async () => {
    const listed = [...everywhere, ...inSteps, ...onlyDocker, ...onlyExec]
    expect(nowhere.filter((name) => listed.includes(name))).toEqual([])
    const seen = [...all.flatMap((one) => docker(one)), ...(await exec(cases['a cron']!))]
    expect(nowhere.filter((name) => seen.includes(name))).toEqual([])
  })

  it.each<[string, string[], string[]]>([
    [
      'push',
      [],
      [
        'DRONE_TAG',
        'DRONE_SEMVER',
        'DRONE_PULL_REQUEST',
        'DRONE_FAILED_STEPS',
        'DRONE_FAILED_STAGES',
      ],
    ],
    ['a local folder', ['DRONE_DOCKER_VOLUME_PATH'], ['DRONE_DOCKER_VOLUME_ID']],
    [
      'a pull request',
      ['DRONE_PULL_REQUEST', 'DRONE_PULL_REQUEST_TITLE'],
      ['DRONE_TAG', 'DRONE_SEMVER_ERROR'],
    ],
    [
      'a tag of both kinds',
      ['DRONE_TAG', 'DRONE_SEMVER', 'DRONE_CALVER'],
      ['DRONE_SEMVER_ERROR', 'DRONE_PULL_REQUEST'],
    ],
    [
      'a tag of no version',
      ['DRONE_TAG', 'DRONE_SEMVER_ERROR'],
      ['DRONE_SEMVER', 'DRONE_SEMVER_MAJOR', 'DRONE_CALVER', 'DRONE_CALVER_MICRO'],
    ],
    ['a promotion', ['DRONE_DEPLOY_TO'], ['DRONE_PULL_REQUEST', 'DRONE_TAG']],
    ['after failures', ['DRONE_FAILED_STEPS', 'DRONE_FAILED_STAGES'], ['DRONE_TAG']],
  ])('%s has those of its own', (title, has, lacks) => {
    const names = docker(cases[title]!)
    expect([
      has.filter((name) => !names.includes(name)),
      lacks.filter((name) => names.includes(name)),
    ]).toEqual([[], []])
  })
})
