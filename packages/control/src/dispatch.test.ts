import { stageStatuses } from '@waggle/domain'
import { expect, it } from 'vitest'
import { mayOffer } from './dispatch.ts'

it('offers pending stages that nobody holds, and none while the queue is paused', () => {
  const open = { isQueuePaused: false }
  const offered = stageStatuses.filter((status) => mayOffer({ status, isHeld: false }, open))
  expect(offered).toEqual(['pending'])
  expect(mayOffer({ status: 'pending', isHeld: true }, open)).toBe(false)
  expect(mayOffer({ status: 'pending', isHeld: false }, { isQueuePaused: true })).toBe(false)
})
