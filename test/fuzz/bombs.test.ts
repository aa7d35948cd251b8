import { makeHook } from '@waggle/domain'
import { ManifestThread, manifestLimits, parseManifest, planStages } from '@waggle/pipeline'
import { afterAll, expect, it } from 'vitest'
import { bombShapes } from './file-shapes.ts'
import { costMs, type Work } from './growth.ts'

const hook = makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main' })
const repo = { slug: 'acme/app', throttle: 0 }

/** A reader that has read a usual file holds 16 MiB. With 50 MiB more each bomb is read or refused: what takes more ends
 *  the thread (threats.md T-40). A limit of the engine, so that no other memory of the process is counted. */
const thread = new ManifestThread({ heapMb: 66 })
afterAll(() => thread.close())

/** Just below and above the limit of nodes, where reading costs most, and the largest that is small enough to be read. */
const sizesOf = (make: (n: number) => string): string[] => {
  const texts = new Set<string>()
  let last = ''
  for (const n of [6_500, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000]) {
    const text = make(n)
    if (Buffer.byteLength(text) > manifestLimits.textBytes || text === last) break
    if (n <= 16_000) texts.add(text)
    last = text
  }
  return [...texts.add(last)]
}

/** Processor time of one file on a quiet machine, where a file of 200 steps with aliases takes 7.3 ms: the least of 60
 *  measurements of plain Node, in which the worst shapes took 85 to 100 ms. Under vitest both take half as long again. */
const mostMs = 100
const usualMs = 7.3

const reading = (text: string) => (_n: number, run: number) => {
  // Files that were read last are remembered.
  const own = `${text}# ${run}\n`
  return () => planStages(parseManifest(own), hook, repo)
}

const usual = `kind: pipeline\nx: &x {A: b}\nsteps:\n${Array.from(
  { length: 200 },
  (_, n) => `- {name: s${n}, image: i, environment: *x, commands: [a, b]}\n`,
).join('')}`

/** What a file takes: the least of some tries, each measured beside a usual file where it is over the limit, since
 *  neighbours on the processor make both slower. */
const leastMs = (work: Work): number => {
  let least = Number.POSITIVE_INFINITY
  for (let again = 0; again < tries && least > mostMs; again++) {
    const ms = costMs(work, 0, 1)
    const slowness = ms > mostMs ? Math.max(1, costMs(reading(usual), 0, 8) / usualMs) : 1
    least = Math.min(least, ms / slowness)
  }
  return least
}

const tries = 12

it.each(bombShapes)(
  'T-40 a file of %s takes 100 ms and 50 MiB at most, read or refused',
  async (_what, make) => {
    for (const text of sizesOf(make)) {
      expect(leastMs(reading(text)), `${text.length} characters`).toBeLessThanOrEqual(mostMs)
      const { plan, refusal } = await thread.plan({ text, hook, repo })
      // A refusal is the thread's end: the file took more than its reader has.
      expect(refusal, `${text.length} characters`).toBeNull()
      expect(['stages', 'none', 'error']).toContain(plan.kind)
    }
  },
)

it('T-40 would find a file that takes longer', () => {
  const one = reading(usual)
  const slow = (n: number, run: number) => () => {
    // As much work as three times the bound, on whatever machine.
    for (let i = 0; i < (3 * mostMs) / usualMs; i++) one(n, run * 10_000 + i)()
  }
  expect(leastMs(slow)).toBeGreaterThan(mostMs)
})

it('T-40 knows forty shapes and more', () => {
  expect(new Set(bombShapes.map(([what]) => what)).size).toBe(bombShapes.length)
  expect(bombShapes.length).toBeGreaterThanOrEqual(40)
})
