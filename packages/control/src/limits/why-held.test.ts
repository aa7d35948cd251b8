import type { LimitNeighbour } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { isActive, whyHeld } from './why-held.ts'

const stage = (id: number, more: Partial<LimitNeighbour> = {}): LimitNeighbour => ({
  id,
  buildId: id,
  number: 1,
  name: 'deploy',
  status: 'pending',
  isHeld: false,
  isLimited: false,
  limit: 0,
  throttle: 0,
  keepsPlace: false,
  ...more,
})
const running = (id: number) => stage(id, { status: 'running' })
const waiting = (limit: number, throttle = 0) => stage(5, { limit, throttle })

const kinds = (own: LimitNeighbour, others: readonly LimitNeighbour[]) =>
  whyHeld(own, others).map(({ kind }) => kind)

describe('the limit of a name', () => {
  // The table of scheduling.md §5.3.
  it.each([
    ['no limit', 0, [running(2), running(3), running(4)], true],
    ['less than none is none', -1, [running(4)], true],
    ['nobody else', 1, [], true],
    ['an elder runs', 1, [running(4)], false],
    ['an elder waits', 1, [stage(4)], false],
    ['a younger one waits', 1, [stage(6)], true],
    ['a younger one runs', 1, [running(6)], false],
    ['a younger one was accepted', 1, [stage(6, { isHeld: true })], false],
    ['room for one more', 2, [running(4)], true],
    ['two elders', 2, [running(3), stage(4)], false],
    ['an elder of another name', 1, [stage(4, { name: 'test' })], true],
    [
      'a cancelled one that is not closed',
      1,
      [stage(4, { status: 'killed', isHeld: true })],
      false,
    ],
    ['a younger one that was lost', 1, [stage(6, { status: 'error', keepsPlace: true })], false],
    ['itself', 1, [stage(5)], true],
  ])('%s', (_, limit, others, mayGo) => {
    expect(kinds(waiting(limit), others)).toEqual(mayGo ? [] : ['limit'])
  })

  it('names those that hold it back, by id', () => {
    const [hold] = whyHeld(waiting(1), [running(6), stage(2), running(4), stage(7)])
    expect(hold).toMatchObject({ kind: 'limit', limit: 1, by: [{ id: 2 }, { id: 4 }, { id: 6 }] })
  })
})

describe('the throttle of a repository', () => {
  it.each([
    ['no throttle', 0, [running(2), running(3)], true],
    ['less than none is none', -1, [running(2)], true],
    ['an elder of any name', 1, [stage(4, { name: 'test' })], false],
    ['younger ones, even where they run', 1, [running(6), running(7)], true],
    ['room for one more', 3, [running(2), stage(4, { name: 'test' })], true],
    ['an elder that was lost', 1, [stage(4, { status: 'error', keepsPlace: true })], false],
  ])('%s', (_, throttle, others, mayGo) => {
    expect(kinds(waiting(0, throttle), others)).toEqual(mayGo ? [] : ['throttle'])
  })
})

it('gives every reason that there is', () => {
  const holds = whyHeld(waiting(1, 1), [running(4)], { isQueuePaused: true })
  expect(holds.map(({ kind }) => kind)).toEqual(['paused', 'limit', 'throttle'])
  expect(whyHeld(waiting(0), [], { isQueuePaused: true })).toEqual([{ kind: 'paused' }])
})

it('knows who runs, is about to, or may still run', () => {
  expect(isActive(stage(1))).toBe(false)
  for (const more of [{ status: 'running' }, { isHeld: true }, { keepsPlace: true }] as const)
    expect(isActive(stage(1, more))).toBe(true)
})
