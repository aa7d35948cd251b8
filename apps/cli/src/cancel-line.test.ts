import { expect, it } from 'vitest'
import { cancelLine } from './cancel-line.ts'

const requestedMs = Date.UTC(2026, 4, 4, 9, 12, 33, 250)

it.each([
  [0, 0, 'not seen yet, not done yet'],
  [40, 0, 'seen after 40 ms, not done yet'],
  [40, 10_120, 'seen after 40 ms, done after 10120 ms'],
])('after %i and %i ms a cancel was %s', (seen, killed, expected) => {
  const at = (ms: number) => (ms === 0 ? 0 : requestedMs + ms)
  const cancel = { worker: 'b\u001b[2Jee', requestedMs, seenMs: at(seen), killedMs: at(killed) }
  expect(cancelLine(cancel)).toBe(`cancel of bee requested at 09:12:33.250 UTC, ${expected}`)
})
