import { describe, expect, it } from 'vitest'
import { findCycle, stepEdges } from './graph.ts'

const entry = (name: string, ...dependsOn: string[]) => ({ name, dependsOn })

describe('stepEdges', () => {
  it('chains a list without dependencies', () => {
    expect(stepEdges([entry('db'), entry('a')], true)).toEqual([[], ['clone'], ['db']])
    expect(stepEdges([entry('db'), entry('a')], false)).toEqual([[], ['db']])
  })

  it('makes all others wait for clone once one entry depends on something', () => {
    const entries = [entry('db'), entry('a'), entry('b', 'a'), entry('c', 'db')]
    expect(stepEdges(entries, true)).toEqual([[], ['clone'], ['clone'], ['a'], ['db']])
    expect(stepEdges(entries, false)).toEqual([[], [], ['a'], ['db']])
  })

  it('forgets a dependency on a clone that is not there, and keeps one on a step of that name', () => {
    expect(stepEdges([entry('a', 'clone')], false)).toEqual([[]])
    expect(stepEdges([entry('clone'), entry('a', 'clone')], false)).toEqual([[], ['clone']])
  })
})

describe('findCycle', () => {
  it('finds cycles of any length, and none in a long chain', () => {
    expect(findCycle([entry('a', 'b'), entry('b', 'c'), entry('c', 'a')])).toEqual(['a', 'b', 'c'])
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      entry(`s${i}`, ...(i ? [`s${i - 1}`] : [])),
    )
    expect(findCycle(chain)).toBeNull()
  })
})
