import { explainPlan } from '@waggle/control'
import { type Given, makeHook } from '@waggle/domain'
import { compileDocker } from '@waggle/engine-docker'
import {
  defaultCompileSettings,
  formatIssues,
  type PlannedStage,
  parseManifest,
  planStages,
} from '@waggle/pipeline'
import { type Figure, median } from './figures.ts'

/** A file through the language: read, decoded, planned, and each of its stages compiled to a spec. Every round has a
 *  file that nobody has seen before. */
export const measureLanguage = async (quick: boolean): Promise<readonly Figure[]> => {
  const rounds = quick ? 15 : 60
  return [
    figure('200 steps: parse, plan, compile', 1, 20, rounds),
    figure('10 stages × 200 steps: parse, plan, compile', 10, 150, Math.ceil(rounds / 3)),
    await planFigure(Math.ceil(rounds / 3)),
  ]
}

const figure = (name: string, stages: number, reachMs: number, rounds: number): Figure => {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const text = fileOf(stages, 200, round)
    const begin = performance.now()
    compileAll(text, stages)
    times.push(performance.now() - begin)
  }
  return { name, value: median(times), unit: 'ms', reach: { kind: 'max', value: reachMs } }
}

/** What `POST /api/plan` answers with, for the larger file. */
const planFigure = async (rounds: number): Promise<Figure> => {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const text = fileOf(10, 200, 1_000 + round)
    const begin = performance.now()
    await explainPlan({
      ...{ text, hook, cloneUrl: repo.gitHttpUrl, secrets: [], system, nowMs: 0 },
      repo: { ...repo, protected: false, throttle: 0, counter: 1 },
    })
    times.push(performance.now() - begin)
  }
  return { name: '10 stages × 200 steps: explained', value: median(times), unit: 'ms' }
}

const compileAll = (text: string, expected: number): void => {
  const manifest = parseManifest(text)
  const plan = planStages(manifest, hook, { slug: repo.slug, throttle: 0 })
  if (plan.kind !== 'stages')
    throw new Error(`the file makes no stages: ${formatIssues(manifest.issues)}`)
  if (plan.stages.length !== expected) throw new Error('the file makes too few stages')
  for (const stage of plan.stages) {
    const compiled = compileDocker(givenOf(text, stage), defaultCompileSettings)
    if (compiled.kind === 'error') throw new Error(compiled.message)
    if (compiled.spec.steps.length !== 201) throw new Error('the spec lacks steps')
  }
}

const fileOf = (stages: number, steps: number, seed: number): string =>
  Array.from({ length: stages }, (_, stage) => {
    const lines = Array.from({ length: steps }, (__, step) => stepText(step, seed))
    const after = stage === 0 ? '' : `depends_on: [ stage-${stage - 1} ]\n`
    return `---\nkind: pipeline\ntype: docker\nname: stage-${stage}\n${after}steps:\n${lines.join('')}`
  }).join('')

const stepText = (step: number, seed: number): string => `- name: step-${step}
  image: node:${(seed % 20) + 4}
  commands: [ 'make part-${step}-${seed} REF=\${DRONE_COMMIT_SHA:0:8}' ]
`

const hook = makeHook({
  event: 'push',
  trigger: '@hook',
  ref: 'refs/heads/main',
  source: 'main',
  target: 'main',
  after: '0123456789abcdef0123456789abcdef01234567',
  message: 'a change\n\nof two parts',
})

const system: Given['system'] = { proto: 'https', host: 'ci.example', link: '', version: '1.0.0' }

const repo: Given['repo'] = {
  id: 1,
  uid: 'u',
  namespace: 'acme',
  name: 'app',
  slug: 'acme/app',
  gitHttpUrl: 'https://git.example/acme/app.git',
  gitSshUrl: '',
  link: 'https://git.example/acme/app',
  defaultBranch: 'main',
  private: true,
  visibility: 'private',
  trusted: false,
  timeoutMinutes: 60,
}

const givenOf = (text: string, { throttle: _t, limit: _l, ...stage }: PlannedStage): Given => {
  const { fork, ...build } = hook
  return {
    installation: 'bench',
    attempt: 1,
    repo,
    build: {
      ...build,
      id: 1,
      number: 1,
      status: 'running',
      sourceRepo: fork,
      cloneUrl: repo.gitHttpUrl,
      startedAt: 0,
      finishedAt: 0,
      createdAt: 0,
    },
    stage: { ...stage, id: stage.number, machine: 'bench', version: 1, createdAt: 0 },
    siblings: [],
    manifest: text,
    secrets: [],
    netrc: null,
    system,
  }
}
