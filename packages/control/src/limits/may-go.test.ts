import type { LimitNeighbour } from '@waggle/domain'
import { expect, it } from 'vitest'
import { mayGo } from './may-go.ts'
import { isActive, whyHeld } from './why-held.ts'

/** The same numbers each time (a linear congruential generator). */
const dice = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

const kinds = [
  { status: 'pending', isHeld: false, isLimited: true, keepsPlace: false },
  { status: 'pending', isHeld: false, isLimited: false, keepsPlace: false },
  { status: 'pending', isHeld: true, isLimited: false, keepsPlace: false },
  { status: 'running', isHeld: true, isLimited: false, keepsPlace: false },
  { status: 'killed', isHeld: true, isLimited: false, keepsPlace: false },
  { status: 'error', isHeld: false, isLimited: false, keepsPlace: true },
] as const

it('lets go exactly those that nothing holds back, also where it sees only the first of each list', () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const roll = dice(seed)
    const stages = Array.from({ length: roll(14) }, (_, index): LimitNeighbour => {
      const kind = kinds[roll(2) === 0 ? 0 : roll(kinds.length)]!
      const own = { limit: roll(4) - 1, throttle: roll(3) === 0 ? roll(6) : 0 }
      const name = 'ab'[roll(2)]!
      return { id: index + 1, buildId: 1, number: index + 1, name, ...kind, ...own }
    }).filter(({ isLimited, limit, throttle }) => !isLimited || limit > 0 || throttle > 0)
    const held = stages.filter(({ isLimited }) => isLimited)
    const largest = (values: readonly number[]) => Math.max(0, ...values)
    const throttle = largest(held.map((stage) => stage.throttle))
    const ofNames = ['a', 'b'].map((name) => {
      const limit = largest(held.filter((s) => s.name === name).map((s) => s.limit))
      return stages.filter((stage) => stage.name === name).slice(0, limit)
    })
    const going = mayGo({
      ofRepo: stages.slice(0, throttle),
      ofNames,
      active: stages.filter(isActive),
    })
    const expected = held.filter((stage) => whyHeld(stage, stages).length === 0)
    expect({ seed, going }).toEqual({ seed, going: expected.map(({ id }) => id) })
  }
})
