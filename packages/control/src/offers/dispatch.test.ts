import { stageStatuses } from '@waggle/domain'
import { expect, it } from 'vitest'
import { mayOffer } from './dispatch.ts'

const free = { status: 'pending', isHeld: false, isLimited: false } as const

it('offers pending stages that nobody holds, and none while the queue is paused', () => {
  const open = { isQueuePaused: false }
  const offered = stageStatuses.filter((status) => mayOffer({ ...free, status }, open))
  expect(offered).toEqual(['pending'])
  expect(mayOffer({ ...free, isHeld: true }, open)).toBe(false)
  expect(mayOffer({ ...free, isLimited: true }, open)).toBe(false)
  expect(mayOffer(free, { isQueuePaused: true })).toBe(false)
})
