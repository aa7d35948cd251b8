import type { PipelineStep } from '../manifest.ts'

/** What an entry of the list waits for: names, by position (pipeline.md §12.9). */
export type Edges = readonly (readonly string[])[]

/** Edges of the list clone, services, steps. Without any `depends_on` each entry waits for the one before it; one
 *  `depends_on` anywhere makes all others wait for clone only. */
export const stepEdges = (
  entries: readonly Pick<PipelineStep, 'name' | 'dependsOn'>[],
  hasClone: boolean,
): Edges => {
  const isGraph = entries.some((entry) => entry.dependsOn.length > 0)
  if (!isGraph) {
    const names = [...(hasClone ? ['clone'] : []), ...entries.map((entry) => entry.name)]
    const serial = names.map((_, index) => (index === 0 ? [] : [names[index - 1]!]))
    return serial
  }
  if (hasClone) {
    const edges = entries.map(({ dependsOn }) =>
      dependsOn.length > 0 ? unique(dependsOn) : ['clone'],
    )
    return [[], ...edges]
  }
  const hasStepClone = entries.some((entry) => entry.name === 'clone')
  return entries.map(({ dependsOn }) =>
    !hasStepClone && dependsOn.length === 1 && dependsOn[0] === 'clone' ? [] : unique(dependsOn),
  )
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]

/** The names on a cycle, or `null`. Iterative: ten thousand steps in a chain are no recursion. */
export const findCycle = (
  entries: readonly { readonly name: string; readonly dependsOn: readonly string[] }[],
): readonly string[] | null => {
  const waits = new Map(entries.map((entry) => [entry.name, new Set(entry.dependsOn)]))
  const dependents = new Map<string, string[]>()
  for (const [name, dependencies] of waits) {
    for (const dependency of dependencies) {
      const known = dependents.get(dependency)
      if (known) known.push(name)
      else dependents.set(dependency, [name])
    }
  }
  const free = [...waits].filter(([, left]) => left.size === 0).map(([name]) => name)
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    waits.delete(name)
    for (const dependent of dependents.get(name) ?? []) {
      const left = waits.get(dependent)
      left?.delete(name)
      if (left?.size === 0) free.push(dependent)
    }
  }
  return waits.size === 0 ? null : [...waits.keys()]
}
