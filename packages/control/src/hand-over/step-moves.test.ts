import { isDone, stepStatuses } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { mayMoveStep } from './step-moves.ts'

describe('moves of a step', () => {
  it('never leave a terminal state', () => {
    for (const from of stepStatuses.filter(isDone))
      for (const to of stepStatuses)
        expect([from, to, mayMoveStep(from, to)]).toEqual([from, to, false])
  })

  it('never go back to pending, nor from running to skipped', () => {
    for (const from of stepStatuses) expect(mayMoveStep(from, 'pending')).toBe(false)
    expect(mayMoveStep('running', 'skipped')).toBe(false)
  })

  it('reach every end from running but skipped', () => {
    expect(stepStatuses.filter((to) => mayMoveStep('running', to))).toEqual([
      'success',
      'failure',
      'error',
      'killed',
    ])
  })
})
