import { expect, it } from 'vitest'
import { spell } from './spell.ts'

it.each([
  [-5_000, '0 s'],
  [0, '0 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
  [86_700_000, '1 d'],
])('%i ms is %s', (ms, expected) => {
  expect(spell(ms)).toBe(expected)
})
