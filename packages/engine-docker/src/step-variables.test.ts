import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import {
  type CompileSettings,
  defaultCompileSettings,
  freshEnvironment,
  type StepMoment,
} from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { compileDocker } from './compile-docker.ts'
import { containerConfig } from './container-config.ts'

interface Changes {
  readonly build?: Partial<Given['build']>
  readonly stage?: Partial<Given['stage']>
  readonly secrets?: Given['secrets']
  readonly external?: Given['external']
  readonly netrc?: Given['netrc']
  readonly siblings?: Given['siblings']
  readonly settings?: Partial<CompileSettings>
  readonly moment?: StepMoment['stage']
}

const file = join(import.meta.dirname, '../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

/** The variables of the last step as its process gets them: compiled, refreshed, assembled. */
const variablesOf = (
  manifest: string,
  { build, stage, settings, moment, ...more }: Changes = {},
): Record<string, string> => {
  const given: Given = {
    ...sample,
    ...more,
    manifest,
    build: { ...sample.build, ...build },
    stage: { ...sample.stage, ...stage },
  }
  const result = compileDocker(given, { ...defaultCompileSettings, ...settings })
  if (result.kind === 'error') throw new Error(result.message)
  const step = result.spec.steps.at(-1)!
  const environment = freshEnvironment(given, {
    step,
    stage: moment ?? { status: 'running', steps: [] },
    stageStartedAt: 1_700_000_100_000,
    nowMs: 1_700_000_200_000,
  })
  const options = {
    ...{ try: 1, environment, pauseId: '', pidsLimit: 0, isStrict: false },
    hostPaths: ['/'],
  }
  const pairs = containerConfig(result.spec, step, options).Env ?? []
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

const step = (more: string, ofPipeline = ''): string =>
  `kind: pipeline\n${ofPipeline}\nsteps: [{name: a, image: b, ${more}}]\n`

const plain = 'settings: {}'
const worker = (environment: Record<string, string>) => ({ settings: { environment } })
const extension = (name: string, value: string, isMasked = false) => ({
  external: { environment: [{ name, value, isMasked }], registries: [] },
})
const netrc = { machine: 'git.example', login: 'l', password: 'p' }
const secret = (value: string) => [{ name: 's', value }]

/** environment.md §2.1: each layer over the one before it, and what that means in practice. */
describe('which layer of variables wins', () => {
  it.each<[string, string, string, Changes, string | undefined]>([
    ['1: the worker', 'A', step(plain), worker({ A: 'worker' }), 'worker'],
    [
      '1: the extension over the worker',
      'A',
      step(plain),
      { ...worker({ A: 'worker' }), ...extension('A', 'extension') },
      'extension',
    ],
    [
      '2: a build parameter over the extension',
      'A',
      step(plain),
      { ...extension('A', 'extension'), build: { params: { A: 'param' } } },
      'param',
    ],
    [
      '3: the pipeline over a build parameter',
      'A',
      step(plain, 'environment: {A: pipeline}'),
      { build: { params: { A: 'param' } } },
      'pipeline',
    ],
    [
      '4: a proxy over the pipeline',
      'HTTP_PROXY',
      step(plain, 'environment: {HTTP_PROXY: pipeline}'),
      { settings: { proxies: { http_proxy: 'proxy' } } },
      'proxy',
    ],
    [
      '4: without a proxy the pipeline has it',
      'HTTP_PROXY',
      step(plain, 'environment: {HTTP_PROXY: pipeline}'),
      {},
      'pipeline',
    ],
    ['5: the system over the pipeline', 'CI', step(plain, 'environment: {CI: x}'), {}, 'true'],
    [
      '6: the repository over the pipeline',
      'DRONE_REPO',
      step(plain, 'environment: {DRONE_REPO: x}'),
      {},
      'acme/app',
    ],
    [
      '6: the repository over the worker',
      'DRONE_REPO',
      step(plain),
      worker({ DRONE_REPO: 'x' }),
      'acme/app',
    ],
    [
      '9: the link over a build parameter',
      'DRONE_BUILD_LINK',
      step(plain),
      { build: { params: { DRONE_BUILD_LINK: 'x' } } },
      'https://ci.example.org/acme/app/31',
    ],
    [
      '10: git over the pipeline',
      'GIT_AUTHOR_NAME',
      step(plain, 'environment: {GIT_AUTHOR_NAME: x}'),
      {},
      'Ana',
    ],
    [
      '10: where clone says nothing the pipeline has GIT_TRACE',
      'GIT_TRACE',
      step(plain, 'environment: {GIT_TRACE: "1"}'),
      {},
      '1',
    ],
    [
      '10: clone.trace over the pipeline',
      'GIT_TRACE',
      step(plain, 'environment: {GIT_TRACE: "1"}\nclone: {trace: true}'),
      {},
      'true',
    ],
    [
      '10: where clone says nothing the pipeline has GIT_SSL_NO_VERIFY',
      'GIT_SSL_NO_VERIFY',
      step(plain, 'environment: {GIT_SSL_NO_VERIFY: "0"}'),
      {},
      '0',
    ],
    [
      '11: the workspace over the pipeline',
      'DRONE_WORKSPACE',
      step(plain, 'environment: {DRONE_WORKSPACE: x}'),
      {},
      '/drone/src',
    ],
    [
      '12: git credentials over the pipeline',
      'DRONE_NETRC_MACHINE',
      step(plain, 'environment: {DRONE_NETRC_MACHINE: x}'),
      { netrc },
      'git.example',
    ],
    ...(
      [
        ['CI', '5'],
        ['DRONE_REPO', '6'],
        ['DRONE_BUILD_LINK', '9'],
        ['GIT_AUTHOR_NAME', '10'],
        ['DRONE_WORKSPACE', '11'],
        ['DRONE_NETRC_MACHINE', '12'],
        ['HTTP_PROXY', '4'],
        ['A', '1'],
      ] as const
    ).map(([name, layer]): [string, string, string, Changes, string] => [
      `13: the step over layer ${layer}`,
      name,
      step(`environment: {${name}: step}`),
      { netrc, settings: { proxies: { http_proxy: 'x' }, environment: { A: 'worker' } } },
      'step',
    ]),
    [
      '13: the step over an unmasked variable of the extension',
      'A',
      step('environment: {A: step}'),
      extension('A', 'extension'),
      'step',
    ],
    [
      '13: an empty value of the step unsets what lies below',
      'A',
      step('environment: {A: ""}', 'environment: {A: pipeline}'),
      {},
      undefined,
    ],
    [
      '13: what the step leaves out stays as it is below',
      'A',
      step('environment: {A: ~}', 'environment: {A: pipeline}'),
      {},
      'pipeline',
    ],
    [
      '14: a setting over the environment',
      'PLUGIN_X',
      step('environment: {PLUGIN_X: environment}, settings: {x: setting}'),
      {},
      'setting',
    ],
    ...(
      [
        ['DRONE_BRANCH', 'main', '17'],
        ['DRONE_COMMIT', 'abcdef0123456789abcdef0123456789abcdef01', '17'],
        ['CI_COMMIT_SHA', 'abcdef0123456789abcdef0123456789abcdef01', '17'],
        ['DRONE_STAGE_NAME', 'default', '18'],
        ['DRONE_STEP_NAME', 'a', '19'],
        ['DRONE_STEP_NUMBER', '2', '19'],
      ] as const
    ).map(([name, value, layer]): [string, string, string, Changes, string] => [
      `${layer}: what is made anew over the step`,
      name,
      step(`environment: {${name}: step}`),
      {},
      value,
    ]),
    [
      '20: a secret over what is made anew',
      'DRONE_BRANCH',
      step('environment: {DRONE_BRANCH: {from_secret: s}}'),
      { secrets: secret('secret') },
      'secret',
    ],
    [
      '20: a secret setting over a literal variable',
      'PLUGIN_X',
      step('environment: {PLUGIN_X: environment}, settings: {x: {from_secret: s}}'),
      { secrets: secret('secret') },
      'secret',
    ],
    [
      '20: a secret variable over a literal setting',
      'PLUGIN_X',
      step('environment: {PLUGIN_X: {from_secret: s}}, settings: {x: setting}'),
      { secrets: secret('secret') },
      'secret',
    ],
    [
      '20: a missing secret is an empty variable',
      'A',
      step('environment: {A: {from_secret: none}}', 'environment: {A: pipeline}'),
      {},
      '',
    ],
    [
      '21: a masked variable of the extension over the step',
      'A',
      step('environment: {A: step}'),
      extension('A', 'hidden', true),
      'hidden',
    ],
    [
      '21: a masked variable of the extension over a secret',
      'A',
      step('environment: {A: {from_secret: s}}'),
      { ...extension('A', 'hidden', true), secrets: secret('secret') },
      'hidden',
    ],
  ])('%s: %s', (_, name, manifest, changes, expected) => {
    expect(variablesOf(manifest, changes)[name]).toBe(expected)
  })

  it('16: the script over a variable of its name, and SHELL on Windows', () => {
    const text = step('environment: {DRONE_SCRIPT: mine, SHELL: mine}, commands: [id]')
    expect(variablesOf(text)).toMatchObject({
      DRONE_SCRIPT: expect.stringContaining('\nid\n'),
      SHELL: 'mine',
    })
    expect(variablesOf(`platform: {os: windows}\n${text}`)['SHELL']).toBe('powershell.exe')
  })

  it('passes no empty variable on, but a zero', () => {
    const variables = variablesOf(step('environment: {A: "", B: "0"}'))
    expect(Object.entries(variables).filter(([, value]) => value === '')).toEqual([])
    expect(variables).toMatchObject({ B: '0', DRONE_BUILD_PARENT: '0', DRONE_DEPLOY_ID: '0' })
  })
})

const notify = 'kind: pipeline\nsteps: [{name: test, image: a}, {name: lint, image: a}, '

/** environment.md §19. */
describe('the worked examples', () => {
  it('a push, in a step after one that failed', () => {
    const variables = variablesOf(`${notify}{name: notify, image: a, when: {status: failure}}]\n`, {
      moment: {
        status: 'failure',
        steps: [
          { name: 'clone', status: 'success', errIgnore: false },
          { name: 'test', status: 'failure', errIgnore: false },
          { name: 'lint', status: 'skipped', errIgnore: false },
          { name: 'notify', status: 'pending', errIgnore: false },
        ],
      },
    })
    expect(variables).toMatchObject({
      ...{ CI: 'true', DRONE: 'true', DRONE_REPO: 'acme/app', DRONE_REPO_PRIVATE: 'true' },
      ...{ DRONE_BRANCH: 'main', DRONE_SOURCE_BRANCH: 'main' },
      DRONE_COMMIT_REF: 'refs/heads/main',
      DRONE_BUILD_LINK: 'https://ci.example.org/acme/app/31',
      ...{ DRONE_STEP_NAME: 'notify', DRONE_STEP_NUMBER: '4', DRONE_DEPLOY_ID: '0' },
      ...{ DRONE_BUILD_EVENT: 'push', DRONE_BUILD_NUMBER: '31', DRONE_BUILD_PARENT: '0' },
      ...{ DRONE_BUILD_STATUS: 'failure', CI_BUILD_STATUS: 'failure' },
      ...{ DRONE_STAGE_STATUS: 'failure', DRONE_FAILED_STEPS: 'test' },
      DRONE_CARD_PATH: '/dev/stdout',
    })
    const unset = [
      'DRONE_BUILD_ACTION',
      'DRONE_DEPLOY_TO',
      'DRONE_FAILED_STAGES',
      'DRONE_STAGE_VARIANT',
      'DRONE_WORKSPACE_PATH',
      'DRONE_TAG',
      'DRONE_PULL_REQUEST',
    ]
    expect(unset.filter((name) => name in variables)).toEqual([])
  })

  it('a promotion of a tag with a parameter', () => {
    const build: Changes['build'] = {
      ...{ event: 'promote', action: 'create', trigger: 'ana', parent: 12, deployTo: 'staging' },
      ...{ ref: 'refs/tags/v4.5.6', source: '', target: '', params: { region: 'eu' } },
    }
    expect(variablesOf(step(plain), { build })).toMatchObject({
      ...{ DRONE_BUILD_EVENT: 'promote', DRONE_BUILD_PARENT: '12', DRONE_DEPLOY_TO: 'staging' },
      ...{ DRONE_BUILD_TRIGGER: 'ana', DRONE_BUILD_ACTION: 'create' },
      ...{ DRONE_COMMIT_REF: 'refs/tags/v4.5.6', DRONE_TAG: 'v4.5.6', DRONE_SEMVER: '4.5.6' },
      region: 'eu',
    })
  })

  it('a pull request of the same repository, whose unmarked secrets are empty', () => {
    const build: Changes['build'] = {
      ...{ event: 'pull_request', action: 'synchronized', title: 'Fix the login' },
      ...{ ref: 'refs/pull/7/head', source: 'fix/login', target: 'main', sourceRepo: 'acme/app' },
      before: 'b'.repeat(40),
    }
    const text = step('environment: {TOKEN: {from_secret: token}}')
    expect(variablesOf(text, { build })).toMatchObject({
      ...{ DRONE_BUILD_EVENT: 'pull_request', DRONE_BUILD_ACTION: 'synchronized' },
      ...{ DRONE_PULL_REQUEST: '7', DRONE_PULL_REQUEST_TITLE: 'Fix the login' },
      ...{ DRONE_BRANCH: 'main', DRONE_TARGET_BRANCH: 'main', DRONE_SOURCE_BRANCH: 'fix/login' },
      ...{ DRONE_COMMIT_REF: 'refs/pull/7/head', DRONE_COMMIT_BEFORE: 'b'.repeat(40) },
      TOKEN: '',
    })
  })

  it('a promotion of a pull request has no number of one (§5.2)', () => {
    const build: Changes['build'] = { event: 'promote', ref: 'refs/pull/7/head', title: 'Fix' }
    const names = Object.keys(variablesOf(step(plain), { build }))
    expect(names.filter((name) => name.startsWith('DRONE_PULL_REQUEST'))).toEqual([])
  })
})
