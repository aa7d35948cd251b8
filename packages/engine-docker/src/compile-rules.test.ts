import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given, Spec } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { compileDocker } from './compile-docker.ts'

const file = join(import.meta.dirname, '../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

interface Changes {
  readonly build?: Partial<Given['build']>
  readonly stage?: Partial<Given['stage']>
  readonly secrets?: Given['secrets']
  readonly netrc?: Given['netrc']
  readonly settings?: Partial<CompileSettings>
}

const specOf = (text: string, { build, stage, settings, ...more }: Changes = {}): Spec => {
  const given: Given = {
    ...sample,
    ...more,
    manifest: `kind: pipeline\n${text}\n`,
    build: { ...sample.build, ...build },
    stage: { ...sample.stage, ...stage },
  }
  const result = compileDocker(given, { ...defaultCompileSettings, ...settings })
  if (result.kind === 'error') throw new Error(result.message)
  return result.spec
}

const lastOf = (text: string, changes?: Changes) => specOf(text, changes).steps.at(-1)!

describe('which document is compiled (pipeline.md §12.1)', () => {
  it.each([
    ['', 'default'],
    ['', ''],
    ['name: default', ''],
    ['name: default', 'default'],
    ['name: own', 'own'],
  ])('the one with %j for the stage %j', (written, name) => {
    expect(lastOf(`${written}\nsteps: [{name: a, image: x}]`, { stage: { name } }).name).toBe('a')
  })
})

describe('where a step works (pipeline.md §12.3.3)', () => {
  const base = 'workspace: {base: /b, path: p}\n'

  it.each([
    ['steps: [{name: a, image: x}]', '/b/p'],
    ['steps: [{name: a, image: x, commands: [id]}]', '/b/p'],
    ['steps: [{name: a, image: x, working_dir: /w}]', '/w'],
    ['steps: [{name: a, image: x, detach: true}]', ''],
    ['steps: [{name: a, image: x, detach: true, commands: [id]}]', '/b/p'],
    ['steps: [{name: a, image: x, detach: true, working_dir: /w}]', '/w'],
    ['services: [{name: a, image: x}]', ''],
    ['services: [{name: a, image: x, commands: [id]}]', '/b/p'],
    ['services: [{name: a, image: x, working_dir: /w}]', '/w'],
  ])('%s', (text, folder) => {
    expect(lastOf(base + text).workingDir).toBe(folder)
  })

  it('mounts the workspace at its base in each of them, after their own', () => {
    const { steps, volumes } = specOf(
      `${base}services: [{name: s, image: x}]\nsteps: [{name: a, image: x, volumes: [{name: v, path: /v}]}]\nvolumes: [{name: v, temp: {}}]`,
    )
    const workspace = { name: '_workspace', path: '/b' }
    expect(volumes[0]).toMatchObject({ kind: 'temp', name: '_workspace' })
    expect(steps.map(({ mounts }) => mounts)).toEqual([
      [workspace],
      [workspace],
      [{ name: 'v', path: '/v' }, workspace],
    ])
    expect(volumes[0]).toHaveProperty(['labels', 'io.drone'], 'true')
  })

  it('mounts a local folder at the whole path', () => {
    const { steps, volumes } = specOf(`${base}steps: [{name: a, image: x}]`, {
      settings: { localFolder: '/home/ana/app' },
    })
    expect(volumes[0]).toMatchObject({ kind: 'host', name: '_workspace', path: '/home/ana/app' })
    expect(steps[0]).toMatchObject({ name: 'clone', runPolicy: 'never' })
    expect(steps[1]).toMatchObject({
      workingDir: '/b/p',
      mounts: [{ name: '_workspace', path: '/b/p' }],
      environment: {
        DRONE_WORKSPACE: '/b/p',
        DRONE_WORKSPACE_BASE: '/b/p',
        DRONE_WORKSPACE_PATH: '',
      },
    })
  })
})

describe('the clone step that nobody wrote (pipeline.md §12.14)', () => {
  const clone = (options: string, changes?: Changes) =>
    specOf(`${options}\nsteps: [{name: a, image: x}]`, changes).steps[0]!

  it('has the image as it is, always runs, and is pulled only where it is missing', () => {
    expect(clone('workspace: {path: app}')).toMatchObject({
      ...{ name: 'clone', image: 'drone/git:latest', pull: 'if-not-exists', runPolicy: 'always' },
      ...{ workingDir: '/drone/src/app', mounts: [{ name: '_workspace', path: '/drone/src' }] },
      ...{ entrypoint: [], command: [], dependsOn: [], detach: false },
    })
    expect(clone('', { settings: { cloneImage: 'own/git' } }).image).toBe('own/git')
    expect(clone('clone: {disable: true}').name).toBe('a')
  })

  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['clone: {depth: 50}', { PLUGIN_DEPTH: '50' }],
    ['clone: {depth: 0, retries: 0}', {}],
    ['clone: {depth: -1}', {}],
    ['clone: {retries: 3}', { PLUGIN_RETRIES: '3' }],
    ['clone: {skip_verify: true}', { PLUGIN_SKIP_VERIFY: 'true', GIT_SSL_NO_VERIFY: 'true' }],
    ['clone: {trace: true}', { GIT_TRACE: 'true' }],
  ])('%s gives it %j', (options, expected) => {
    const names = /^PLUGIN_|^GIT_TRACE|^GIT_SSL/
    const { environment } = clone(options)
    const own = Object.entries(environment).filter(([name]) => names.test(name))
    expect(Object.fromEntries(own)).toEqual(expected)
  })

  it('gives other steps what git is told, and none of its settings', () => {
    const { environment } = lastOf(
      'clone: {depth: 1, retries: 1, skip_verify: true, trace: true}\nsteps: [{name: a, image: x}]',
    )
    expect(environment).toMatchObject({ GIT_TRACE: 'true', GIT_SSL_NO_VERIFY: 'true' })
    expect(Object.keys(environment).filter((name) => name.startsWith('PLUGIN_'))).toEqual([])
  })
})

describe('a listed plugin with a volume (pipeline.md §12.6)', () => {
  it.each([
    [false, '/cache', false],
    [true, '/cache', true],
    [true, '/etc/docker', false],
  ])('where the worker lets them is %j, at %s, is privileged: %j', (isLet, path, expected) => {
    const text = `volumes: [{name: v, temp: {}}]\nsteps: [{name: a, image: plugins/docker, volumes: [{name: v, path: ${path}}]}]`
    expect(lastOf(text, { settings: { privilegedPluginVolumes: isLet } }).privileged).toBe(expected)
  })
})

describe('what belongs to all steps of a stage', () => {
  it('a secret of a step that is skipped is masked too (pipeline.md §12.11)', () => {
    const { masks } = specOf(
      'services: [{name: s, image: x, environment: {A: {from_secret: one}}}]\nsteps: [{name: a, image: x, settings: {b: {from_secret: two}}, when: {event: tag}}]',
      { secrets: [{ name: 'one', value: 'first' }], settings: { secrets: { two: 'second' } } },
    )
    expect(masks).toEqual(['second', 'first'])
  })

  it.each([
    [{ machine: 'm', login: 'oauth2', password: 'git-token' }, ['git-token']],
    [{ machine: 'm', login: 'git-token', password: 'x-oauth-basic' }, ['git-token']],
  ])('the git token of %j is masked (environment.md §9)', (netrc, masks) => {
    expect(specOf('steps: [{name: a, image: x}]', { netrc }).masks).toEqual(masks)
  })

  it('no git variable is there without a machine', () => {
    const netrc = { machine: '', login: 'l', password: 'p' }
    const { environment } = lastOf('steps: [{name: a, image: x}]', { netrc })
    expect(Object.keys(environment).filter((name) => name.startsWith('DRONE_NETRC'))).toEqual([])
  })

  it('volumes stand in the order in which a name is looked up (pipeline.md §12.15)', () => {
    const { volumes } = specOf('volumes: [{name: v, temp: {}}]\nsteps: [{name: a, image: x}]', {
      build: { debug: true },
      settings: {
        debugImage: 'x',
        volumes: [{ source: '/s', target: '/t', readOnly: false }],
      },
    })
    expect(volumes.map(({ name }) => name)).toEqual(['_workspace', '_addons', '_waggle_1', 'v'])
  })
})
