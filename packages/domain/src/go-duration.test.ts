import { expect, it } from 'vitest'
import { parseGoDuration } from './go-duration.ts'

it.each([
  ['1h', 3_600_000],
  ['1h2m3.5s', 3_723_500],
  ['.5m', 30_000],
  ['5.s', 5_000],
  ['1us', 0.001],
  ['+3s', 3_000],
  ['-3s', -3_000],
  ['0', 0],
  ['', null],
  ['-', null],
  ['3', null],
  ['h', null],
  ['1..5h', null],
  ['1d', null],
  ['1h ', null],
  ['1constructor', null],
])('the duration %j is %j ms', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms)
})
