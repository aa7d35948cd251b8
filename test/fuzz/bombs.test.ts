import { makeHook } from '@waggle/domain'
import { ManifestThread, manifestLimits } from '@waggle/pipeline'
import { afterAll, expect, it } from 'vitest'
import { bombShapes } from './file-shapes.ts'

/** The reader's processor time is its own limit, 1 s; its memory what it begins with and 50 MiB, with some slack. */
const thread = new ManifestThread({ heapMb: 128 })
afterAll(() => thread.close())

const hook = makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main' })
const ask = (text: string) => thread.plan({ text, hook, repo: { slug: 'acme/app', throttle: 0 } })

/** The largest file of the shape that is small enough to be read at all. */
const largest = (make: (n: number) => string): string => {
  let text = make(1_000)
  for (let n = 2_000; n <= 512_000; n *= 2) {
    const larger = make(n)
    if (Buffer.byteLength(larger) > manifestLimits.textBytes || larger.length === text.length) break
    text = larger
  }
  return text
}

it.each(bombShapes)(
  'T-40 a file of %s is read, or refused for what is in it, within the bounds of its reader',
  async (_what, make) => {
    const before = process.memoryUsage.rss()
    const { plan, refusal } = await ask(largest(make))
    // A refusal is the thread's end: the file took more than its reader has.
    expect(refusal).toBeNull()
    expect(['stages', 'none', 'error']).toContain(plan.kind)
    expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 1_048_576)
  },
)

it('T-40 knows forty shapes and more', () => {
  expect(new Set(bombShapes.map(([what]) => what)).size).toBe(bombShapes.length)
  expect(bombShapes.length).toBeGreaterThanOrEqual(40)
})
