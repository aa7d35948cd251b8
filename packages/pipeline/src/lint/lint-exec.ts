import { findCycle } from '../compile/graph.ts'
import type { Pipeline } from '../manifest.ts'
import type { LintProblem } from './lint-problem.ts'
import { lintDependencies } from './lint-steps.ts'

/** The graph of an exec pipeline (pipeline.md §6, rule X4): forward references are legal; unknown names, self
 *  references and cycles are not. */
export const lintExec = (pipeline: Pipeline): LintProblem[] => {
  const problems: LintProblem[] = []
  const names = new Set<string>(pipeline.clone.disable ? [] : ['clone'])
  for (const [index, step] of pipeline.steps.entries()) {
    const path = ['steps', index]
    if (step === null) problems.push({ code: 'nil_step', message: 'linter: nil step', path })
    else if (names.has(step.name)) problems.push(duplicate(step.name, path))
    if (step !== null) names.add(step.name)
  }
  for (const [index, step] of pipeline.steps.entries()) {
    if (step === null) continue
    for (const { code, message, path } of lintDependencies(step, names))
      problems.push({ code, message: `linter: ${message}`, path: ['steps', index, ...path] })
  }
  return problems.length > 0 ? problems : lintCycle(pipeline)
}

const duplicate = (name: string, path: LintProblem['path']): LintProblem => ({
  code: 'duplicate_step',
  message: `linter: duplicate step names: ${name}`,
  path: [...path, 'name'],
})

const lintCycle = (pipeline: Pipeline): LintProblem[] => {
  const steps = pipeline.steps.filter((step) => step !== null)
  const clone = pipeline.clone.disable ? [] : [{ name: 'clone', dependsOn: [] }]
  const cycle = findCycle([...clone, ...steps])
  if (cycle === null) return []
  const first = pipeline.steps.findIndex((step) => step !== null && cycle.includes(step.name))
  const shown = cycle.slice(0, 20).join(', ')
  const message = `linter: cyclical step dependency detected: ${shown}`
  return [{ code: 'dependency_cycle', message, path: ['steps', first, 'depends_on'] }]
}
