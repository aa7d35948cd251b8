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
        for (const [later, b] of steps.entries())
          for (const [earlier, a] of steps.slice(0, later).entries()) {
            const isShared = namespaces[earlier] === namespaces[later] && namespaces[later]! >= 0
            if (isShared) expect(comesAfter(steps, b, a.name)).toBe(true)
          }
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

const comesAfter = (steps: readonly NamespaceStep[], from: NamespaceStep, name: string): boolean =>
  from.dependsOn.some(
    (dependency) =>
      dependency === name ||
      comesAfter(steps, steps.find((entry) => entry.name === dependency)!, name),
  )
