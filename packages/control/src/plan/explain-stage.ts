import type { Given, RunPolicy } from '@waggle/domain'
import {
  type CompileSettings,
  defaultCompileSettings,
  expandImage,
  isFork,
  isPrivilegedPlugin,
  lintExec,
  lintPipeline,
  type Pipeline,
  type PipelineStep,
  prepareStage,
  settingVariable,
  stepEdges,
  stepRunPolicy,
  whyStepSkipped,
  workspaceOf,
} from '@waggle/pipeline'
import type { SecretExplainer } from './explain-secrets.ts'
import type { SecretReport, StageReport, StepReport } from './plan-report.ts'

type StageParts = Pick<StageReport, 'error' | 'warnings' | 'retries' | 'steps' | 'pullSecrets'>

/** The steps of a stage as its worker would see them: substituted, linted by type. Stages of types that have no worker
 *  of ours are shown as they are written. */
export const explainStage = (
  given: Given,
  written: Pipeline,
  explain: SecretExplainer,
  settings: CompileSettings = defaultCompileSettings,
): StageParts => {
  const { type } = given.stage
  if (type !== 'docker' && type !== 'exec') return describe(given, written, explain, settings)
  const lint = type === 'docker' ? lintPipeline : lintExec
  const prepared = prepareStage(given, settings, type, lint)
  if (prepared.kind === 'error')
    return { error: prepared.message, warnings: [], retries: 0, steps: [], pullSecrets: [] }
  const parts = describe(given, prepared.pipeline, explain, settings)
  return { ...parts, warnings: prepared.warnings }
}

const describe = (
  given: Given,
  pipeline: Pipeline,
  explain: SecretExplainer,
  settings: CompileSettings,
): StageParts => {
  const isStep = (step: PipelineStep | null): step is PipelineStep => step !== null
  const services = given.stage.type === 'exec' ? [] : pipeline.services.filter(isStep)
  const entries = [...services, ...pipeline.steps.filter(isStep)]
  const edges = stepEdges(entries, !pipeline.clone.disable)
  const offset = pipeline.clone.disable ? 0 : 1
  const clone = pipeline.clone.disable ? [] : [cloneReport(given, settings)]
  let number = clone.some((step) => step.runs !== 'never') ? 1 : 0
  const steps = entries.map((step, index): StepReport => {
    const runs = stepRunPolicy(step, given)
    if (runs !== 'never') number += 1
    return {
      number: runs === 'never' ? 0 : number,
      name: step.name,
      role: index < services.length ? 'service' : 'step',
      image: step.image === '' ? '' : expandImage(step.image).full,
      runs,
      skipped: runs === 'never' ? (whyStepSkipped(step, given) ?? '') : '',
      dependsOn: edges[index + offset] ?? [],
      detach: step.detach || index < services.length,
      privileged: isPrivileged(step, given, pipeline, settings),
      timeoutMs: step.waggle.timeoutMs,
      retries: step.waggle.retry.count,
      isAwaited: step.waggle.healthcheck !== null,
      secrets: secretsOf(step, runs, explain),
    }
  })
  return {
    error: '',
    warnings: [],
    retries: pipeline.waggle.retry.count,
    steps: [...clone, ...steps],
    pullSecrets: pipeline.imagePullSecrets.map((name) => explain(name, '')),
  }
}

const cloneReport = ({ build, stage }: Given, settings: CompileSettings): StepReport => {
  const hasSource = build.cloneUrl !== ''
  return {
    number: hasSource ? 1 : 0,
    name: 'clone',
    role: 'clone',
    image: stage.type === 'exec' ? '' : settings.cloneImage,
    runs: hasSource ? 'always' : 'never',
    skipped: hasSource ? '' : 'there is nothing to clone',
    dependsOn: [],
    detach: false,
    privileged: false,
    timeoutMs: 0,
    retries: 0,
    isAwaited: false,
    secrets: [],
  }
}

/** What never runs sees nothing. */
const secretsOf = (
  step: PipelineStep,
  runs: RunPolicy,
  explain: SecretExplainer,
): SecretReport[] => {
  if (runs === 'never') return []
  const named = [
    ...Object.entries(step.environment),
    ...Object.entries(step.settings).map(([key, value]) => [settingVariable(key), value] as const),
  ]
  return named.flatMap(([variable, source]) =>
    source.kind === 'secret' ? [explain(source.secret, variable)] : [],
  )
}

const isPrivileged = (
  step: PipelineStep,
  given: Given,
  pipeline: Pipeline,
  settings: CompileSettings,
): boolean => {
  if (given.stage.type === 'exec' || given.stage.os === 'windows') return false
  const sharedNames = [...Object.keys(pipeline.environment), ...Object.keys(given.build.params)]
  const context = {
    images: settings.privilegedImages,
    sharedNames,
    workspaceBase: workspaceOf(pipeline.workspace, pipeline.platform.os, '').base,
    isFork: isFork(given),
  }
  return step.privileged || isPrivilegedPlugin(step, context)
}
