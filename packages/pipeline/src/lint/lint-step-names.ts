import type { Pipeline, PipelineStep } from '../manifest.ts'
import type { LintProblem } from './lint-problem.ts'

const longestNameBytes = 100

/** Rules W1 to W5 of pipeline.md §8.2, over steps and services alike (rule X3). */
export const lintStepNames = (pipeline: Pipeline): LintProblem[] =>
  (['steps', 'services'] as const).flatMap((list) => {
    const names = new Set<string>()
    return pipeline[list].flatMap((step, index): LintProblem[] => {
      const problem = lintEntry(step, names, pipeline)
      if (step !== null) names.add(step.name)
      if (problem === null) return []
      const { code, text, key } = problem
      const message = `Linter: ${text} (pipeline '${pipeline.name}')`
      return [{ code, message, path: [list, index, ...(key === '' ? [] : [key])] }]
    })
  })

const lintEntry = (
  step: PipelineStep | null,
  names: ReadonlySet<string>,
  { kind, type }: Pipeline,
): { code: string; text: string; key: string } | null => {
  if (step === null) return { code: 'nil_step', text: 'detected nil step', key: '' }
  const code = 'step_name'
  if (step.name === '') return { code, text: 'invalid or missing step name', key: 'name' }
  if (Buffer.byteLength(step.name) > longestNameBytes)
    return { code, text: 'step name cannot exceed 100 characters', key: 'name' }
  if (names.has(step.name))
    return { code: 'duplicate_step', text: `duplicate step name: ${step.name}`, key: 'name' }
  if (kind === 'pipeline' && type === 'exec' && step.image !== '')
    return { code: 'exec_image', text: 'cannot define images for an exec pipeline', key: 'image' }
  return null
}
