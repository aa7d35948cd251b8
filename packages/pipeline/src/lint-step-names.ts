import type { Pipeline, PipelineStep } from './manifest.ts'

const longestNameBytes = 100

/** Rules W1 to W5 of pipeline.md §8.2, over services and steps alike (rule X3): the first that fails. */
export const lintStepNames = (pipeline: Pipeline): string | null => {
  for (const [list, entries] of [
    ['steps', pipeline.steps],
    ['services', pipeline.services],
  ] as const) {
    const names = new Set<string>()
    for (const [index, step] of entries.entries()) {
      const message = lintEntry(step, names, pipeline.type)
      if (message !== null) return `${message} (${pipeline.name}: ${list}[${index}])`
      names.add(step!.name)
    }
  }
  return null
}

const lintEntry = (
  step: PipelineStep | null,
  names: ReadonlySet<string>,
  type: string,
): string | null => {
  if (step === null) return 'Linter: detected nil step'
  if (step.name === '') return 'Linter: invalid or missing step name'
  if (Buffer.byteLength(step.name) > longestNameBytes)
    return 'Linter: step name cannot exceed 100 characters'
  if (names.has(step.name)) return `Linter: duplicate step name: ${step.name}`
  if (type === 'exec' && step.image !== '')
    return 'Linter: cannot define images for an exec pipeline'
  return null
}
