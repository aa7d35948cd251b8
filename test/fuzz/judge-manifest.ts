import { readFileSync } from 'node:fs'
import { type Given, makeHook, type Spec, type SpecStep } from '@waggle/domain'
import { compileDocker } from '@waggle/engine-docker'
import { compileExec } from '@waggle/engine-exec'
import {
  defaultCompileSettings,
  formatIssue,
  lintManifest,
  manifestLimits,
  namedSecrets,
  parseManifest,
  planStages,
} from '@waggle/pipeline'
import { expect } from 'vitest'

const fixture = new URL('../../packages/pipeline/testdata/given.json', import.meta.url)
const plain = JSON.parse(readFileSync(fixture, 'utf8')) as Given

/** Processor time for one input, far above what any takes: what takes longer hangs. */
const mostCpuMs = 1_000

/** Reads, lints, plans and compiles a file as a stranger's of an untrusted repository, and holds it to what must be
 *  true of every file. Gives how many stages were compiled. */
export const judgeManifest = (text: string, value: string, isFork: boolean): number => {
  const before = process.cpuUsage()
  const manifest = parseManifest(text)
  for (const issue of [...manifest.issues, ...lintManifest(manifest, { isTrusted: false })]) {
    expect(issue.line).toBeGreaterThan(0)
    expect(issue.column).toBeGreaterThan(0)
    expect(formatIssue(issue)).not.toMatch(/[\n\r]/)
  }
  const hook = makeHook({ event: 'push', ref: 'refs/heads/main', target: 'main', message: value })
  const plan = planStages(manifest, hook, { slug: 'acme/app', throttle: 0 })
  if (manifest.issues.length > 0) expect(plan.kind).toBe('error')
  const stages = plan.kind === 'stages' ? plan.stages : []
  expect(stages.length).toBeLessThanOrEqual(manifestLimits.stages)
  let compiled = 0
  for (const stage of stages.slice(0, 3)) {
    namedSecrets(manifest, stage.name)
    const given = givenOf(text, stage, value, isFork)
    if (stage.type !== 'docker' && stage.type !== 'exec') continue
    const compile = stage.type === 'docker' ? compileDocker : compileExec
    const result = compile(given, defaultCompileSettings)
    if (result.kind === 'error') expect(result.message).not.toBe('')
    else {
      judgeSpec(result.spec, isFork)
      compiled += 1
    }
  }
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(mostCpuMs)
  expect(Object.keys(Object.prototype)).toEqual([])
  return compiled
}

/** Everything that server and worker do with a file, once. */
export const readWhole = (text: string): void => {
  const manifest = parseManifest(text)
  lintManifest(manifest, { isTrusted: false })
  const hook = makeHook({ event: 'push', ref: 'refs/heads/main', target: 'main' })
  const plan = planStages(manifest, hook, { slug: 'acme/app', throttle: 0 })
  if (plan.kind !== 'stages') return
  for (const stage of plan.stages.slice(0, 1)) {
    namedSecrets(manifest, stage.name)
    if (stage.type === 'docker')
      compileDocker(givenOf(text, stage, 'main', false), defaultCompileSettings)
  }
}

const givenOf = (text: string, stage: object, value: string, isFork: boolean): Given => ({
  ...plain,
  manifest: text,
  build: {
    ...plain.build,
    message: value,
    target: value,
    params: { PARAM: value },
    ...(isFork ? { event: 'pull_request', sourceRepo: 'evil/app' } : {}),
  },
  stage: { ...plain.stage, ...stage },
})

/** What the repository's distrust forbids, whatever the file says (threats.md C.1, T-20 to T-23). */
const judgeSpec = (spec: Spec, isFork: boolean): void => {
  for (const step of spec.steps) {
    if (step.privileged) expect(isFork || !isPolicyPlugin(step)).toBe(false)
    expect([...step.devices, ...step.dns, ...step.dnsSearch, ...step.extraHosts]).toEqual([])
    expect([step.network, step.limits.shmBytes]).toEqual(['', 0])
    for (const { name } of step.mounts)
      expect(spec.volumes.some((volume) => volume.name === name || volume.id === name)).toBe(true)
  }
  for (const volume of spec.volumes) {
    expect(volume.kind).not.toBe('host')
    expect(volume.kind === 'temp' && volume.medium === 'memory').toBe(false)
  }
}

const plugins = ['docker', 'acr', 'ecr', 'gcr', 'heroku', 'gar']
const dangerous = /^(PATH|HOME|DOCKER_HOST|DOCKER_OPTS|XDG_RUNTIME_DIR|LD_.*)$/

/** A second opinion on the only steps that policy makes privileged: listed plugins that run nothing of the user's. */
const isPolicyPlugin = (step: SpecStep): boolean => {
  const repository = step.image.replace(/^(index\.)?docker\.io\//, '').replace(/[:@].*$/, '')
  return (
    plugins.some((name) => repository === `plugins/${name}`) &&
    step.script === '' &&
    step.entrypoint.length + step.command.length === 0 &&
    step.mounts.length <= 1 &&
    !Object.keys(step.environment).some((name) => dangerous.test(name))
  )
}
