import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { FewAtOnce } from './few-at-once.ts'

it('runs at most so many works of one key at once, all of them in the end, also after failures', async () => {
  const few = new FewAtOnce(3)
  const running = [0, 0]
  const most = [0, 0]
  const order: number[] = []
  const works = Array.from({ length: 40 }, (_, i) =>
    few.run(i % 2, async () => {
      const now = (running[i % 2] ?? 0) + 1
      running[i % 2] = now
      most[i % 2] = Math.max(most[i % 2] ?? 0, now)
      order.push(i)
      await delay(1)
      running[i % 2] = (running[i % 2] ?? 0) - 1
      if (i % 5 === 0) throw new Error('failed')
      return i
    }),
  )
  const ends = await Promise.allSettled(works)
  expect(most).toEqual([3, 3])
  expect(order.filter((i) => i % 2 === 0)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i))
  expect(ends.filter((end) => end.status === 'rejected')).toHaveLength(8)
})
