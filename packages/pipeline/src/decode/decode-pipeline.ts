import { decodeConditions } from '../conditions/decode-conditions.ts'
import { manifestLimits } from '../limits.ts'
import type { CloneOptions, Pipeline, PipelineStep } from '../manifest.ts'
import { decodeKubernetesPod } from './decode-kubernetes.ts'
import { decodeSshServer } from './decode-ssh.ts'
import { decodeStep } from './decode-step.ts'
import { decodeVolumes } from './decode-volumes.ts'
import { decodeWagglePipeline } from './decode-waggle-pipeline.ts'
import type { Fields } from './fields.ts'
import { keepKeysOfType } from './keep-keys-of-type.ts'

/** How many steps the whole file may still have. */
export interface StepBudget {
  left: number
}

/** A pipeline document, by the lenient schema of docker pipelines whatever its type (pipeline.md §4.2), and with the
 *  keys of its own type (§4.3, §7). Unknown keys are ignored at every level. */
export const decodePipeline = (fields: Fields, budget: StepBudget): Pipeline => {
  const kind = fields.str('kind')
  const type = fields.str('type')
  const isKubernetes = kind === 'pipeline' && type === 'kubernetes'
  fields.str('version')
  const platform = fields.fields('platform')
  const workspace = fields.fields('workspace')
  const pipeline: Pipeline = {
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
    limit: decodeLimit(fields.fields('concurrency')),
    node: fields.strMap('node'),
    dependsOn: fields.strs('depends_on'),
    trigger: decodeConditions(fields, 'trigger'),
    environment: fields.strMap('environment'),
    ...decodeSteps(fields, budget, isKubernetes),
    ...decodeVolumes(fields),
    imagePullSecrets: fields.strs('image_pull_secrets'),
    kubernetes: isKubernetes ? decodeKubernetesPod(fields) : null,
    ssh: kind === 'pipeline' && type === 'ssh' ? decodeSshServer(fields.ofStage()) : null,
    waggle: decodeWagglePipeline(fields),
    instanceOf: null,
  }
  return keepKeysOfType(pipeline)
}

/** 0 = unlimited; what no database column holds is unlimited in practice. */
const decodeLimit = (fields: Fields | null): number =>
  Math.min(Math.max(0, fields?.int('limit') ?? 0), 2 ** 31 - 1)

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
  isKubernetes: boolean,
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
  const decode = (entry: Fields | null, isService: boolean): PipelineStep | null =>
    entry === null ? null : decodeStep(entry, { isKubernetes, isService })
  return {
    services: services.map((entry) => decode(entry, true)),
    steps: steps.map((entry) => decode(entry, false)),
  }
}
