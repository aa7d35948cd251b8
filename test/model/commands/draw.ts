import assert from 'node:assert/strict'
import fc from 'fast-check'

/** Which of those that are there; any number is good. */
export const which = fc.nat({ max: 60 })

/** Redis does not answer while the step is told: its promise stays in the outbox. */
export const away = fc.integer({ min: 0, max: 7 }).map((one) => one === 7)

export const pick = <T>(list: readonly T[], at: number): T => {
  assert(list.length > 0, 'nothing to pick from')
  return list[at % list.length] as T
}
