import { expect, it } from 'vitest'
import { growingShapes } from './file-shapes.ts'
import { costMs, growthOf, type Work } from './growth.ts'
import { readWhole } from './judge-manifest.ts'

/** Twice the input may cost so many times as much (threats.md T-43). */
const most = 2.6

// The text of each run is another: files that were read last are remembered.
const reading =
  (make: (n: number) => string): Work =>
  (n, run) => {
    const text = `${make(n)}# ${run}\n`
    return () => readWhole(text)
  }

/** As many parts as all shapes may have twice within the limits of the language, and more where they cost next to nothing. */
const sizeOf = (work: Work): number => {
  let n = 900
  while (n < 16_000 && costMs(work, n, 8) < 2) n *= 2
  return n
}

it.each(growingShapes)('T-43 reading a file of %s grows as the file does', (_what, make) => {
  const work = reading(make)
  const n = sizeOf(work)
  const { ratio, ms } = growthOf(work, n, most)
  expect(ratio, `${ms} ms at ${n}`).toBeLessThanOrEqual(most)
})

it('T-43 knows thirty shapes and more', () => {
  expect(growingShapes.length).toBeGreaterThanOrEqual(30)
})

it('T-43 would find a reader that compares each line with all others', () => {
  const work: Work = (n) => {
    const lines = Array.from({ length: n }, (_, index) => `line ${index}`)
    return () => lines.filter((line) => lines.lastIndexOf(line) === lines.indexOf(line)).length
  }
  expect(growthOf(work, 2_000, most).ratio).toBeGreaterThan(most)
})
