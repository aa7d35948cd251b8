import { describe, expect, it } from 'vitest'
import { LineBlockWriter, readLineBlock, sliceLineBlock } from './line-block.ts'

const write = (first: number, lines: readonly (readonly [number, Buffer])[]) => {
  const writer = new LineBlockWriter(8)
  lines.forEach(([time, bytes], i) => {
    writer.add(first + i, time, bytes)
  })
  return writer.take()
}

const lines = [
  [0, Buffer.from('plain\n')],
  [127, Buffer.from([0xff, 0x00, 0x0a])],
  [128, Buffer.alloc(70_000, 0x80)],
  [4_000_000_000, Buffer.from('')],
] as const

describe('a line block', () => {
  it('gives back number, time and bytes of every line', () => {
    const block = write(41, lines)
    expect(block).toMatchObject({ first: 41, count: 4, bytes: 70_009 })
    expect(
      [...readLineBlock(block)].map(({ number, time, bytes }) => [
        number,
        time,
        Buffer.from(bytes),
      ]),
    ).toEqual(lines.map(([time, bytes], i) => [41 + i, time, bytes]))
  })

  it('starts again after it was taken', () => {
    const writer = new LineBlockWriter()
    writer.add(0, 1, Buffer.from('a'))
    writer.take()
    writer.add(7, 1, Buffer.from('b'))
    expect(writer.take()).toMatchObject({ first: 7, count: 1, bytes: 1 })
  })

  it('can be cut at any line', () => {
    const block = write(10, lines)
    for (let from = 8; from <= 15; from++) {
      const numbers = [...readLineBlock(sliceLineBlock(block, from))].map((line) => line.number)
      expect(numbers).toEqual([10, 11, 12, 13].filter((number) => number >= from))
    }
  })

  it('refuses bytes that are no block', () => {
    const { data } = write(0, lines)
    const broken = [
      { first: 0, count: 5, data },
      { first: 0, count: 3, data },
      { first: 0, count: 1, data: Buffer.from([]) },
      { first: 0, count: 1, data: Buffer.from([0, 200]) },
      { first: 0, count: 1, data: Buffer.alloc(12, 0xff) },
      { first: 0, count: 1, data: Buffer.from([0, 5, 1]) },
    ]
    for (const block of broken) expect(() => [...readLineBlock(block)]).toThrow(RangeError)
  })
})
