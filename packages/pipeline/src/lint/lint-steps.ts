import type { Pipeline, PipelineStep } from '../manifest.ts'
import { lintMounts } from './lint-mounts.ts'
import type { LintProblem } from './lint-problem.ts'

/** What a rule finds in one step; the path begins at the step. */
export type StepRule = (step: PipelineStep) => readonly LintProblem[]

/** Rules that container pipelines of every type share: services first, then steps, each name known only from its
 *  entry on, so that no dependency can point forward. */
export const lintSteps = (pipeline: Pipeline, lintTrustOf: StepRule): LintProblem[] => {
  const names = new Set<string>(pipeline.clone.disable ? [] : ['clone'])
  return (['services', 'steps'] as const).flatMap((list) =>
    pipeline[list].flatMap((step, index) =>
      lintStep(step, names, lintTrustOf).map(({ code, message, path }) => ({
        code,
        message: `linter: ${message}`,
        path: [list, index, ...path],
      })),
    ),
  )
}

const lintStep = (
  step: PipelineStep | null,
  names: Set<string>,
  lintTrustOf: StepRule,
): LintProblem[] => {
  if (step === null) return [{ code: 'nil_step', message: 'nil step', path: [] }]
  const { name, image } = step
  const problems: LintProblem[] = []
  if (names.has(name))
    problems.push({
      code: 'duplicate_step',
      message: `duplicate step names: ${name}`,
      path: ['name'],
    })
  names.add(name)
  if (image === '')
    problems.push({
      code: 'missing_image',
      message: `invalid or missing image: step ${name}`,
      path: ['image'],
    })
  return [...problems, ...lintTrustOf(step), ...lintMounts(step), ...lintDependencies(step, names)]
}

/** L13 and L14. */
export const lintDependencies = (
  step: Pick<PipelineStep, 'name' | 'dependsOn'>,
  names: ReadonlySet<string>,
): LintProblem[] =>
  step.dependsOn.flatMap((dependency, index): LintProblem[] => {
    const path = ['depends_on', index]
    if (!names.has(dependency)) {
      const message = `unknown step dependency detected: ${step.name} references ${dependency}`
      return [{ code: 'unknown_dependency', message, path }]
    }
    if (dependency !== step.name) return []
    const message = `cyclical step dependency detected: ${dependency}`
    return [{ code: 'dependency_cycle', message, path }]
  })
