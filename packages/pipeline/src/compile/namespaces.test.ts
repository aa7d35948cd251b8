import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignNamespaces, type NamespaceStep } from './namespaces.ts'

const step = (name: string, dependsOn: string[] = [], isAlone = false): NamespaceStep => ({
  name,
  dependsOn,
  isAlone,
})

describe('assignNamespaces', () => {
  it('gives a serial pipeline one namespace, services apart', () => {
    const steps = [
      step('clone'),
      step('db', ['clone'], true),
      step('test', ['db']),
      step('report', ['test']),
    ]
    expect(assignNamespaces(steps)).toEqual([0, -1, 0, 0])
  })

  it('gives branches namespaces of their own', () => {
    const steps = [step('clone'), step('a', ['clone']), step('b', ['clone']), step('c', ['a', 'b'])]
    expect(assignNamespaces(steps)).toEqual([0, 0, 1, 0])
  })

  it('never lets steps share that may run at the same time', () => {
    const graph = fc
      .array(fc.record({ alone: fc.boolean(), deps: fc.array(fc.nat(20), { maxLength: 3 }) }), {
        maxLength: 14,
      })
      .map((entries) =>
        entries.map(({ alone, deps }, index) => {
          const earlier = index === 0 ? [] : deps.map((dep) => `s${dep % index}`)
          return step(`s${index}`, earlier, alone)
        }),
      )
    fc.assert(
      fc.property(graph, (steps) => {
        const namespaces = assignNamespaces(steps)
        const before = closure(steps)
        const clashes = steps.flatMap((b, later) =>
          steps
            .slice(0, later)
            .filter((_, earlier) => namespaces[earlier] === namespaces[later])
            .filter((a) => !b.isAlone && !before.get(b.name)?.has(a.name))
            .map((a) => [a.name, b.name]),
        )
        expect(clashes).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('is quick for two thousand steps', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `s${index}`)
    const steps = names.map((name, index) => step(name, index === 0 ? [] : [names[index - 1]!]))
    expect(new Set(assignNamespaces(steps))).toEqual(new Set([0]))
  })
})

/** For each step the names of all that end before it starts. */
const closure = (steps: readonly NamespaceStep[]): Map<string, Set<string>> => {
  const before = new Map<string, Set<string>>()
  for (const { name, dependsOn } of steps) {
    before.set(name, new Set(dependsOn.flatMap((dep) => [dep, ...(before.get(dep) ?? [])])))
  }
  return before
}
