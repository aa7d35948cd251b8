import { findCycle } from './graph.ts'
import type { Pipeline } from './manifest.ts'

/** The graph of an exec pipeline (pipeline.md §6, rule X4): forward references are legal; unknown names, self
 *  references and cycles are not. */
export const lintExec = (pipeline: Pipeline): string | null => {
  const steps = pipeline.steps.filter((step) => step !== null)
  if (steps.length < pipeline.steps.length) return 'linter: nil step'
  const names = new Set<string>(pipeline.clone.disable ? [] : ['clone'])
  for (const { name } of steps) {
    if (names.has(name)) return `linter: duplicate step names: ${name}`
    names.add(name)
  }
  for (const { name, dependsOn } of steps) {
    for (const dependency of dependsOn) {
      if (!names.has(dependency))
        return `linter: unknown step dependency detected: ${name} references ${dependency}`
      if (dependency === name) return `linter: cyclical step dependency detected: ${dependency}`
    }
  }
  const clone = pipeline.clone.disable ? [] : [{ name: 'clone', dependsOn: [] }]
  const cycle = findCycle([...clone, ...steps])
  return cycle === null ? null : `linter: cyclical step dependency detected: ${cycle.join(', ')}`
}
