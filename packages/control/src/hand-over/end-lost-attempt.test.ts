import type { Attempt } from '@waggle/domain'
import { expect, it } from 'vitest'
import { decideLoss, lossText } from './end-lost-attempt.ts'

it.each([
  ['leased', 0, 'requeue'],
  ['leased', 1, 'requeue'],
  ['leased', 2, 'poison'],
  ['leased', 7, 'poison'],
  ['granted', 0, 'lose'],
  ['granted', 7, 'lose'],
  ['closing', 0, 'close'],
  ['ended', 0, null],
] as const)('decides a loss while %s after %i losses: %s', (state, losses, decision) => {
  expect(decideLoss(state, losses)).toBe(decision)
})

it('names the worker and the last contact, or how often it crashed', () => {
  const attempt = { workerName: 'bee (2)', renewedAt: Date.UTC(2026, 0, 2, 3, 4, 5) } as Attempt
  expect(lossText('lose', attempt)).toBe(
    'worker lost (bee (2), last contact 2026-01-02T03:04:05.000Z)',
  )
  expect(lossText('poison', attempt)).toBe('crashed the worker 3 times')
})
