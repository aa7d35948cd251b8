import { LineBlockWriter, readLineBlock } from '@waggle/domain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLineBlock } from './is-line-block.ts'

const isReadable = (block: Parameters<typeof readLineBlock>[0]): boolean => {
  try {
    for (const _ of readLineBlock(block));
    return true
  } catch {
    return false
  }
}

describe('the check of a block', () => {
  it('says what reading it says, for what is one and for any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1 }),
        fc.nat(),
        (lines, time) => {
          const writer = new LineBlockWriter(16)
          for (const [i, bytes] of lines.entries()) writer.add(i, time, bytes)
          expect(isLineBlock(writer.take())).toBe(true)
        },
      ),
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (bytes, count) => {
          const block = { first: 0, count, data: Buffer.from(bytes) }
          expect(isLineBlock(block)).toBe(isReadable(block))
        },
      ),
    )
  })
})
