import { expect, it } from 'vitest'
import { PassedOver } from './passed-over.ts'

it('comes to all that can be dealt with, and tries the others again when nothing else is left', async () => {
  const left = [1, 2, 3, 4, 5]
  let isBad = true
  const passed = new PassedOver((id: number) => id, 2)
  const tick = async (): Promise<readonly number[]> => {
    const items = await passed.next(async (limit) => left.slice(0, limit))
    for (const id of items)
      await passed
        .try(id, async () => {
          if (isBad && id < 4) throw new Error('unreadable')
          left.splice(left.indexOf(id), 1)
        })
        .catch(() => undefined)
    return items
  }
  expect(await tick()).toEqual([1, 2])
  expect(await tick()).toEqual([3, 4])
  expect(await tick()).toEqual([5])
  expect(left).toEqual([1, 2, 3])
  expect(await tick()).toEqual([])
  isBad = false
  expect(await tick()).toEqual([1, 2])
  expect(await tick()).toEqual([3])
  expect(left).toEqual([])
})
