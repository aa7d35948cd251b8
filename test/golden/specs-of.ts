import { readFileSync } from 'node:fs'
import { convert } from '@waggle/convert'
import { type Given, type Hook, makeHook } from '@waggle/domain'
import { compileDocker } from '@waggle/engine-docker'
import { compileExec } from '@waggle/engine-exec'
import {
  type CompileSettings,
  defaultCompileSettings,
  isManifestSigned,
  type PlannedStage,
  parseManifest,
  planStages,
  printSpec,
} from '@waggle/pipeline'

/** What a case has that is not the sample's. */
export interface Case {
  readonly hooks?: Readonly<Record<string, Partial<Hook>>>
  readonly build?: Partial<Given['build']>
  readonly repo?: Partial<Given['repo']>
  readonly secrets?: Given['secrets']
  readonly external?: Given['external']
  readonly netrc?: Given['netrc']
  readonly settings?: Partial<CompileSettings>
  /** Path of the file, and the templates of its repository. */
  readonly path?: string
  readonly templates?: Readonly<Record<string, string>>
  /** The repository's key for signatures. */
  readonly key?: string
  /** Whether the variables that every step has are part of the result. */
  readonly isWhole?: boolean
}

const sample = JSON.parse(
  readFileSync(
    new URL('../../packages/engine-docker/testdata/given.json', import.meta.url),
    'utf8',
  ),
) as Given

const push: Partial<Hook> = {
  event: 'push',
  source: 'main',
  target: 'main',
  ref: 'refs/heads/main',
}

/** Converts, reads, plans and compiles a file for each hook, as server and worker do one after the other. */
export const specsOf = async (text: string, known: Case): Promise<unknown> => {
  const hooks = known.hooks ?? { push: {} }
  const specs: Record<string, unknown> = {}
  for (const [title, hook] of Object.entries(hooks))
    specs[title] = await specsOfHook(text, known, makeHook({ ...push, ...hook }))
  return specs
}

const specsOfHook = async (text: string, known: Case, hook: Hook): Promise<unknown> => {
  const converted = await convert(
    {
      repo: { ...sample.repo, configPath: '.drone.yml', active: true, protected: false },
      hook,
      readFile: async () => null,
      findTemplate: async (name) => known.templates?.[name] ?? null,
      isJsonnetEnabled: true,
      importLimit: 0,
    },
    { path: known.path ?? '.drone.yml', text },
  )
  if (converted.kind === 'error') return converted
  const manifest = parseManifest(converted.text)
  const isSigned =
    known.key === undefined ? {} : { isSigned: isManifestSigned(manifest, known.key) }
  const plan = planStages(manifest, hook, { slug: sample.repo.slug, throttle: 0 })
  if (plan.kind !== 'stages') return { ...isSigned, ...plan }
  const compiled = plan.stages.map((stage) => ({
    stage,
    ...compiledOf(stage, { ...known, hook, manifest: converted.text }),
  }))
  return { ...isSigned, stages: compiled, skipped: plan.skipped }
}

const compiledOf = (
  stage: PlannedStage,
  known: Case & { readonly hook: Hook; readonly manifest: string },
): object => {
  if (stage.type !== 'docker' && stage.type !== 'exec') return { engine: 'none' }
  const compile = stage.type === 'docker' ? compileDocker : compileExec
  const result = compile(givenOf(stage, known), { ...defaultCompileSettings, ...known.settings })
  if (result.kind === 'error') return { error: result.message }
  const { spec, warnings } = result
  return { spec: known.isWhole ? printSpec(spec) : printSpec(withoutUsual(spec)), warnings }
}

const givenOf = (
  { labels, dependsOn, ...stage }: PlannedStage,
  {
    hook,
    manifest,
    build,
    repo,
    secrets,
    external,
    netrc,
  }: Case & {
    readonly hook: Hook
    readonly manifest: string
  },
): Given => {
  const { fork, ...rest } = hook
  return {
    ...sample,
    manifest,
    repo: { ...sample.repo, ...repo },
    build: { ...sample.build, ...rest, sourceRepo: fork, ...build },
    stage: { ...sample.stage, ...stage, labels, dependsOn },
    secrets: secrets ?? [],
    external,
    netrc: netrc ?? null,
  }
}

/** Variables and labels that every step has, which environment.md's own tests compare. */
const usual =
  /^(CI|DRONE|WAGGLE|CI_.*|DRONE_(?!SCRIPT|NETRC|WORKSPACE|DOCKER).*|GIT_(COMMITTER|TERMINAL|.*EMAIL).*)$/

type Spec = Parameters<typeof printSpec>[0]

const withoutUsual = (spec: Spec): Spec => ({
  ...spec,
  network: { ...spec.network, labels: {} },
  volumes: spec.volumes.map((volume) => ({ ...volume, labels: {} })),
  steps: spec.steps.map((step) => ({
    ...step,
    labels: {},
    environment: Object.fromEntries(
      Object.entries(step.environment).filter(([name]) => !usual.test(name)),
    ),
  })),
})
