import { expect, it } from 'vitest'
import { bandOf, bandWidth, mostPriority, queueNumberOf } from './order.ts'

it('uses the range that queues have, and stays inside it whatever the tag', () => {
  expect(queueNumberOf(mostPriority, 0, 0)).toBe(1)
  expect(queueNumberOf(-mostPriority, 10 ** 12, 0)).toBeLessThanOrEqual(2_097_151)
  for (const tag of [-5, 0, 1, bandWidth, 10 ** 15]) {
    const number = queueNumberOf(0, tag, 7)
    expect(number).toBeGreaterThan(queueNumberOf(1, 10 ** 15, 0))
    expect(number).toBeLessThan(queueNumberOf(-1, 0, 0))
  }
})

it('orders by tag from the base on', () => {
  expect(queueNumberOf(0, 101, 100)).toBe(queueNumberOf(0, 100, 100) + 1)
  expect(queueNumberOf(0, 5_000_001, 5_000_000)).toBe(queueNumberOf(0, 1, 0))
  expect(queueNumberOf(0, 99, 100)).toBe(queueNumberOf(0, 100, 100))
})

it('takes a priority out of range for the nearest that is not', () => {
  expect([11, -11, 3.9, Number.NaN, Number.POSITIVE_INFINITY].map(bandOf)).toEqual([
    10, -10, 3, 0, 10,
  ])
})
