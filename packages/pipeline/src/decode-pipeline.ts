import { decodeConditions } from './decode-conditions.ts'
import { decodeStep } from './decode-step.ts'
import type { Fields } from './fields.ts'
import { manifestLimits } from './limits.ts'
import type { CloneOptions, Pipeline, PipelineStep, PipelineVolume } from './manifest.ts'

/** How many steps the whole file may still have. */
export interface StepBudget {
  left: number
}

/** A pipeline document, by the schema of docker pipelines, which the other types are subsets of where we run them
 *  (pipeline.md §4.2, §4.3). Unknown keys are ignored at every level. */
export const decodePipeline = (fields: Fields, budget: StepBudget): Pipeline => {
  const kind = fields.str('kind')
  const type = fields.str('type')
  const platform = fields.fields('platform')
  const workspace = fields.fields('workspace')
  return {
    kind,
    type: type === '' && kind === 'pipeline' ? 'docker' : type,
    name: fields.str('name') || 'default',
    platform: {
      os: platform?.str('os') ?? '',
      arch: platform?.str('arch') ?? '',
      variant: platform?.str('variant') ?? '',
      version: platform?.str('version') ?? '',
    },
    clone: decodeClone(fields.fields('clone')),
    workspace: { base: workspace?.str('base') ?? '', path: workspace?.str('path') ?? '' },
    limit: Math.max(0, fields.fields('concurrency')?.int('limit') ?? 0),
    node: fields.strMap('node'),
    dependsOn: fields.strs('depends_on'),
    trigger: decodeConditions(fields, 'trigger'),
    environment: fields.strMap('environment'),
    ...decodeSteps(fields, budget),
    volumes: fields.list('volumes').flatMap((volume) => (volume ? decodeVolume(volume) : [])),
    imagePullSecrets: fields.strs('image_pull_secrets'),
  }
}

const decodeClone = (fields: Fields | null): CloneOptions => ({
  disable: fields?.bool('disable') ?? false,
  depth: fields?.int('depth') ?? 0,
  retries: fields?.int('retries') ?? 0,
  skipVerify: fields?.bool('skip_verify') ?? false,
  trace: fields?.bool('trace') ?? false,
})

const decodeSteps = (
  fields: Fields,
  budget: StepBudget,
): { services: (PipelineStep | null)[]; steps: (PipelineStep | null)[] } => {
  const services = fields.list('services')
  const steps = fields.list('steps')
  const count = services.length + steps.length
  const { stepsPerStage, stepsPerFile } = manifestLimits
  const isTooMany = count > stepsPerStage
  budget.left -= count
  if (isTooMany || budget.left < 0) {
    const text = isTooMany
      ? `the pipeline exceeds the limit of ${stepsPerStage} steps per stage`
      : `the file exceeds the limit of ${stepsPerFile} steps`
    fields.sink.add('limit_steps', text, fields.pathOf('steps'), fields.map)
    return { services: [], steps: [] }
  }
  return {
    services: services.map((entry) => (entry === null ? null : decodeStep(entry))),
    steps: steps.map((entry) => (entry === null ? null : decodeStep(entry))),
  }
}

/** An entry with neither temp nor host is dropped; `temp: {}` wins over host (pipeline.md §5.5). */
const decodeVolume = (fields: Fields): PipelineVolume[] => {
  const name = fields.str('name')
  const temp = fields.fields('temp')
  const host = fields.fields('host')
  if (temp !== null) {
    const sizeLimitBytes = Math.max(0, temp.size('size_limit'))
    return [{ name, source: { kind: 'temp', medium: temp.str('medium'), sizeLimitBytes } }]
  }
  return host === null ? [] : [{ name, source: { kind: 'host', path: host.str('path') } }]
}
