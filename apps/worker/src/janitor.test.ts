import { type AttemptRef, silentLogger, unavailable } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { HeldStages } from './held-stages.ts'
import { cleanUp, type LeftHere } from './janitor.ts'
import { Lease } from './lease.ts'

const ref = (stageId: number): AttemptRef => ({ stageId, attempt: 1 })

/** What lies on an engine. */
const engineWith = (left: readonly AttemptRef[], stuck: number[] = []) => {
  const removed: number[] = []
  return {
    removed,
    leftovers: async () => left,
    remove: async (_: string, { stageId }: AttemptRef) => {
      if (stuck.includes(stageId)) throw unavailable('engine_away', 'away')
      removed.push(stageId)
    },
  }
}

const signal = new AbortController().signal

describe('cleanUp', () => {
  it('removes only what neither this worker nor anybody else holds', async () => {
    const engine = engineWith([ref(1), ref(2), ref(3)])
    const held = new HeldStages()
    held.add(new Lease(ref(1), 'token'))
    const asked: AttemptRef[] = []
    const ask = async (refs: readonly AttemptRef[]) => {
      asked.push(...refs)
      return [ref(2)]
    }
    const deps = { engine, held, ask, installation: 'x', log: silentLogger }
    expect(await cleanUp(deps, signal)).toBe(1)
    expect(asked).toEqual([ref(2), ref(3)])
    expect(engine.removed).toEqual([3])
  })

  it('removes nothing without an answer', async () => {
    const engine = engineWith([ref(1)])
    const ask = () => Promise.reject(unavailable('api_away', 'away'))
    const deps = { engine, held: new HeldStages(), ask, installation: 'x', log: silentLogger }
    await expect(cleanUp(deps, signal)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(engine.removed).toEqual([])
  })

  it('spares a stage that was accepted while the API was answering', async () => {
    const engine = engineWith([ref(1)])
    const held = new HeldStages()
    const ask = async () => {
      held.add(new Lease(ref(1), 'token'))
      return []
    }
    await cleanUp({ engine, held, ask, installation: 'x', log: silentLogger }, signal)
    expect(engine.removed).toEqual([])
  })

  it('goes on after one that cannot be removed', async () => {
    const engine = engineWith([ref(1), ref(2)], [1])
    const ask = async () => []
    const deps = { engine, held: new HeldStages(), ask, installation: 'x', log: silentLogger }
    expect(await cleanUp(deps, signal)).toBe(1)
    expect(engine.removed).toEqual([2])
  })

  it('tells of which attempts anything is left here, and what it removed', async () => {
    const held = new HeldStages()
    held.add(new Lease(ref(1), 'token'))
    const told: (LeftHere | undefined)[] = []
    const ask = async (_refs: readonly AttemptRef[], _signal: AbortSignal, here?: LeftHere) => {
      told.push(here)
      return []
    }
    const common = { held, ask, installation: 'x', log: silentLogger }
    await cleanUp({ ...common, engine: engineWith([ref(1), ref(2), ref(3)], [3]) }, signal)
    await cleanUp({ ...common, engine: engineWith([]) }, signal)
    expect(told).toEqual([
      { left: [ref(1), ref(2), ref(3)], removed: [] },
      { left: [ref(1), ref(3)], removed: [ref(2)] },
      { left: [ref(1)], removed: [] },
    ])
  })
})
