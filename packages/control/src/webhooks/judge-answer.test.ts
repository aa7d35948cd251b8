import { expect, test } from 'vitest'
import { giveUpAfterMs, judgeAnswer } from './judge-answer.ts'

const base = { retryAfterMs: 0, tries: 0, ageMs: 0 }

test.each([
  [200, 'sent'],
  [204, 'sent'],
  [0, 'again'],
  [408, 'again'],
  [429, 'again'],
  [500, 'again'],
  [503, 'again'],
  [301, 'failed'],
  [308, 'failed'],
  [400, 'failed'],
  [404, 'failed'],
  [410, 'failed'],
])('an answer of status %i ends as %s', (status, kind) => {
  expect(judgeAnswer({ ...base, status }).kind).toBe(kind)
})

test('waits longer each time, up to five minutes, or as long as the receiver asks', () => {
  const wait = (tries: number, retryAfterMs = 0) =>
    judgeAnswer({ ...base, status: 503, tries, retryAfterMs })
  expect([0, 1, 2, 8, 9, 1_000].map((tries) => wait(tries))).toEqual(
    [1_000, 2_000, 4_000, 256_000, 300_000, 300_000].map((waitMs) => ({ kind: 'again', waitMs })),
  )
  expect(wait(0, 60_000)).toEqual({ kind: 'again', waitMs: 60_000 })
})

test('gives up after a day, but takes a success at any age', () => {
  expect(judgeAnswer({ ...base, status: 0, ageMs: giveUpAfterMs })).toEqual({ kind: 'failed' })
  expect(judgeAnswer({ ...base, status: 200, ageMs: giveUpAfterMs })).toEqual({ kind: 'sent' })
})
