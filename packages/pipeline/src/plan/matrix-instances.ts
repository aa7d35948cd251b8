import type { MatrixValues } from '../decode/waggle.ts'
import type { Pipeline } from '../manifest.ts'

/** One stage of a matrix. */
export interface MatrixInstance {
  /** `test (NODE=22, DB=postgres)`. */
  readonly name: string
  readonly values: MatrixValues
}

/** The stages that a pipeline with a matrix stands for, in order; none for one without. Their names follow from the
 *  file alone, so that the worker finds the combination of a stage by the stage's name. */
export const matrixInstances = ({
  name,
  waggle,
}: Pick<Pipeline, 'name' | 'waggle'>): MatrixInstance[] =>
  waggle.matrix.map((values) => ({ name: instanceName(name, values), values }))

const instanceName = (name: string, values: MatrixValues): string => {
  const pairs = Object.entries(values).map(([axis, value]) => `${axis}=${value}`)
  return `${name} (${pairs.join(', ')})`
}

/** The pipeline of one combination: its name, and the values in the environment of all steps. */
export const pipelineOfInstance = (pipeline: Pipeline, instance: MatrixInstance): Pipeline => ({
  ...pipeline,
  name: instance.name,
  environment: { ...pipeline.environment, ...instance.values },
  instanceOf: { name: pipeline.name, values: instance.values },
})

/** The stages that a name in `depends_on` means: its own, or all of a matrix. */
export const stagesOfName = (
  pipelines: readonly Pick<Pipeline, 'name' | 'instanceOf'>[],
): ReadonlyMap<string, readonly string[]> => {
  const stages = new Map<string, string[]>()
  for (const { name, instanceOf } of pipelines) {
    for (const key of new Set([name, instanceOf?.name ?? name])) {
      const known = stages.get(key)
      if (known) known.push(name)
      else stages.set(key, [name])
    }
  }
  return stages
}
