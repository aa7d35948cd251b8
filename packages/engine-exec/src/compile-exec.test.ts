// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Given, Spec } from '@waggle/domain'
import { type CompileSettings, defaultCompileSettings, printSpec } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { compileExec } from './compile-exec.ts'

const folder = join(import.meta.dirname, '../testdata')
const read = (path: string): string => readFileSync(join(folder, path), 'utf8')

interface Changes {
  readonly build?: Partial<Given['build']>
  readonly stage?: Partial<Given['stage']>
  readonly secrets?: Given['secrets']
  readonly netrc?: Given['netrc']
  readonly external?: Given['external']
  readonly settings?: Partial<CompileSettings>
}

const base = JSON.parse(read('given.json')) as Given

const compile = (manifest: string, { build, stage, settings, ...rest }: Changes = {}) =>
  compileExec(
    {
      ...base,
      ...rest,
      build: { ...base.build, ...build },
      stage: { ...base.stage, ...stage },
      manifest,
    },
    { ...defaultCompileSettings, ...settings },
  )

const specOf = (manifest: string, changes?: Changes): Spec => {
  const result = compile(manifest, changes)
  if (result.kind === 'error') throw new Error(result.message)
  return result.spec
}

const pipeline = (text: string): string => `kind: pipeline\ntype: exec\n${text}\n`

/** What the cases of the checklist are read for: without the variables and labels that every step has. */
const withoutUsual = ({
  spec,
  warnings,
}: Extract<ReturnType<typeof compile>, { kind: 'spec' }>) => {
  const usual =
    /^(CI|DRONE|WAGGLE|CI_.*|DRONE_(?!SCRIPT|NETRC|WORKSPACE|HOME).*|GIT_(COMMITTER|TERMINAL|.*EMAIL).*)$/
  const steps = spec.steps.map((step) => ({
    ...step,
    labels: {},
    environment: Object.fromEntries(
      Object.entries(step.environment).filter(([name]) => !usual.test(name)),
    ),
  }))
  const network = { ...spec.network, labels: {} }
  return { ...(printSpec({ ...spec, steps, network }) as object), masks: spec.masks, warnings }
}

describe('compileExec', () => {
  const cases = readdirSync(folder).filter((name) => name.startsWith('F'))

  it.each(cases)('compiles testdata/%s as it did', async (name) => {
    const file = join(name, 'changes.json')
    const changes = existsSync(join(folder, file)) ? (JSON.parse(read(file)) as Changes) : {}
    const result = compile(read(join(name, 'input.yml')), changes)
    if (result.kind === 'error') throw new Error(result.message)
    const printed = `${JSON.stringify(withoutUsual(result), null, 2)}\n`
    await expect(printed).toMatchFileSnapshot(join(folder, name, 'spec.json'))
  })

  it('compiles testdata/serial as it did', async () => {
    const changes = JSON.parse(read('serial/changes.json')) as Changes
    const spec = specOf(read('serial/input.yml'), changes)
    expect(spec.masks).toEqual(['pass-word', 't0ken'])
    const printed = `${JSON.stringify(printSpec(spec), null, 2)}\n`
    await expect(printed).toMatchFileSnapshot(join(folder, 'serial/spec.json'))
  })

  it('keeps everything below one folder of the attempt', () => {
    const settings = { root: '/data' }
    const { root, steps } = specOf(pipeline('steps: [{name: a b, commands: [x]}]'), { settings })
    expect(root).toBe('/data/waggle-i1-7-2')
    expect(steps.map((step) => step.isImplicit)).toEqual([true, false])
    expect(steps[1]).toMatchObject({
      entrypoint: ['/bin/sh', '-e'],
      command: [`${root}/opt/2-a-b`],
      workingDir: `${root}/drone/src`,
      environment: { HOME: `${root}/home/drone`, DRONE_WORKSPACE: `${root}/drone/src` },
      namespace: -1,
    })
  })

  it('works in a local directory, without a clone', () => {
    const settings = { root: '/data', localFolder: '/home/ana/app' }
    const { steps } = specOf(pipeline('steps: [{name: a, commands: [x]}]'), { settings })
    expect(steps[0]?.runPolicy).toBe('never')
    expect(steps[1]).toMatchObject({ workingDir: '/home/ana/app', number: 1 })
  })

  it('allows forward references, and chains steps without any', () => {
    const forward = 'steps: [{name: a, depends_on: [b]}, {name: b}]'
    expect(specOf(pipeline(forward)).steps.map((step) => step.dependsOn)).toEqual([
      [],
      ['b'],
      ['clone'],
    ])
    const serial = specOf(pipeline('steps: [{name: a}, {name: b}]'))
    expect(serial.steps.map((step) => step.dependsOn)).toEqual([[], ['clone'], ['a']])
  })

  it.each<[string, string]>([
    ['steps: [{name: a, image: b}]', 'Linter: cannot define images for an exec pipeline'],
    ['steps: [{name: a, depends_on: [c]}]', 'unknown step dependency detected: a references c'],
    ['steps: [{name: a, depends_on: [a]}]', 'cyclical step dependency detected: a'],
    ['steps: [{name: a, depends_on: [b]}, {name: b, depends_on: [a]}]', 'cyclical step dependency'],
    ['steps: [{name: clone}]', 'linter: duplicate step names'],
    ['steps: [~]', 'Linter: detected nil step'],
    ['name: other', 'resource not found'],
  ])('refuses %j', (text, message) => {
    const expected = { kind: 'error', message: expect.stringContaining(message) }
    expect(compile(pipeline(text))).toEqual(expected)
  })

  it.each([
    ['IGNORE', 'ignore'],
    ['ignore', 'ignore'],
    ['fast', 'fail-fast'],
    ['fail-fast', 'fail-fast'],
    ['Fast', 'fail'],
    ['always', 'fail'],
  ])('takes the failure mode %s as %s', (failure, policy) => {
    const { steps } = specOf(pipeline(`steps: [{name: a, failure: ${failure}}]`))
    expect(steps[1]?.errPolicy).toBe(policy)
  })

  it('keeps variables of the environment extension out of substitution', () => {
    const external = {
      environment: [{ name: 'TAG', value: 'extension', isMasked: false }],
      registries: [],
    }
    const step = specOf(pipeline('steps: [{name: a, environment: {SEEN: "${TAG:-none}"}}]'), {
      external,
    }).steps[1]
    expect(step?.environment).toMatchObject({ TAG: 'extension', SEEN: 'none' })
  })

  it('gives masked variables of the extension to every step as secrets, which are masked', () => {
    const external = {
      environment: [{ name: 'HIDDEN', value: 'hush-hush', isMasked: true }],
      registries: [],
    }
    const spec = specOf(pipeline('steps: [{name: a, environment: {HIDDEN: step}}]'), { external })
    const secret = { name: 'HIDDEN', env: 'HIDDEN', value: 'hush-hush' }
    expect(spec.steps.map(({ secrets }) => secrets)).toEqual([[secret], [secret]])
    expect(spec.masks).toEqual(['hush-hush'])
  })

  it('expands variables of the host in PATH alone', () => {
    const settings = { hostEnvironment: { PATH: '/bin', X: 'x' } }
    const text = "steps: [{name: a, environment: {PATH: '$X:$PATH:$NO', OTHER: $X}}]"
    const { environment } = specOf(pipeline(text), { settings }).steps[1]!
    expect(environment).toMatchObject({ PATH: 'x:/bin:', OTHER: '$X' })
  })

  it('expands what the worker knows of its machine in PATH, and gives steps none of it', () => {
    const settings = {
      hostEnvironment: { PATH: '/bin' },
      pathVariables: { PATH: '/own', JAVA_HOME: '/jdk' },
    }
    const text = "steps: [{name: a, environment: {PATH: '$${JAVA_HOME}/bin:$PATH'}}, {name: b}]"
    const [, a, b] = specOf(pipeline(text), { settings }).steps
    expect(a?.environment).toMatchObject({ PATH: '/jdk/bin:/own' })
    expect(a?.environment).not.toHaveProperty('JAVA_HOME')
    expect(b?.environment).toMatchObject({ PATH: '/bin' })
  })

  it('writes credentials to a file on Windows too, where there are any', () => {
    const text = pipeline('platform: {os: windows}\nsteps: [{name: a, commands: [x]}]')
    const netrc = { machine: 'm', login: 'l', password: 'p' }
    const scripts = (changes: Parameters<typeof specOf>[1]) =>
      specOf(text, changes).steps.map(({ script }) => script.includes("'_netrc'"))
    expect(scripts({ netrc })).toEqual([true, true])
    expect(scripts({ netrc, settings: { netrcCloneOnly: true } })).toEqual([true, false])
    expect(scripts({})).toEqual([false, false])
  })

  it('makes scripts that a real shell runs, with credentials in a file and out of sight', () => {
    const root = mkdtempSync(join(tmpdir(), 'waggle-exec-'))
    const { steps } = specOf(
      pipeline(
        `steps: [{name: a, commands: ["cat $HOME/.netrc", "env", "echo '\${DRONE_COMMIT_MESSAGE}'"]}]`,
      ),
      {
        settings: { root, hostEnvironment: { PATH: '/usr/bin:/bin' } },
        netrc: { machine: 'm', login: 'l', password: 'p' },
        build: { message: '$(echo owned)' },
      },
    )
    const step = steps[1]!
    for (const path of [step.command[0]!, `${step.environment['HOME']}/x`, `${step.workingDir}/x`])
      mkdirSync(dirname(path), { recursive: true })
    writeFileSync(step.command[0]!, step.script)
    const [shell, ...args] = [...step.entrypoint, ...step.command]
    const output = execFileSync(shell!, args, {
      cwd: step.workingDir,
      env: step.environment,
      encoding: 'utf8',
    })
    expect(output).toContain('machine m login l password p\n')
    expect(output).not.toContain('DRONE_NETRC')
    expect(output.trimEnd().split('\n').at(-1)).toBe('$(echo owned)')
    rmSync(root, { recursive: true })
  })
})
