import { Buffer } from 'node:buffer'
import type { Line, LineBlock } from './line.ts'

/** Encoding of consecutive lines, the same in Redis, in uploads and in the archive. Per line: the time as a varint,
 *  the length as a varint, the bytes. Bytes are kept exactly (reliability.md L4). */
export class LineBlockWriter {
  #buffer: Buffer
  #used = 0
  #first = 0
  #count = 0
  #bytes = 0

  constructor(capacityBytes = 48 * 1024) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes)
  }

  get count(): number {
    return this.#count
  }

  /** Size of the encoded lines so far. */
  get sizeBytes(): number {
    return this.#used
  }

  /** Sum of the lines' own bytes. */
  get lineBytes(): number {
    return this.#bytes
  }

  /** Adds one line; its number must follow the last one's. */
  add(number: number, time: number, bytes: Uint8Array): void {
    if (this.#count === 0) this.#first = number
    this.#reserve(bytes.length + 20)
    this.#varint(time)
    this.#varint(bytes.length)
    this.#buffer.set(bytes, this.#used)
    this.#used += bytes.length
    this.#bytes += bytes.length
    this.#count++
  }

  /** Gives what was added, as a copy, and starts again. */
  take(): LineBlock & { readonly bytes: number } {
    const block = {
      first: this.#first,
      count: this.#count,
      bytes: this.#bytes,
      data: Buffer.from(this.#buffer.subarray(0, this.#used)),
    }
    this.#used = 0
    this.#count = 0
    this.#bytes = 0
    return block
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#used++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#used++] = rest
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#used + bytes))
    this.#buffer.copy(grown, 0, 0, this.#used)
    this.#buffer = grown
  }
}

/** The lines of a block. Throws a RangeError when the bytes are not such a block: they may come from anywhere. */
export function* readLineBlock(
  block: Pick<LineBlock, 'first' | 'count' | 'data'>,
): Generator<Line> {
  const { data } = block
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; shift <= 2 ** 42; shift *= 128) {
      const byte = data[at++]
      if (byte === undefined) throw new RangeError('line block ends inside a number')
      value += (byte & 0x7f) * shift
      if (byte < 0x80) return value
    }
    throw new RangeError('line block holds an oversized number')
  }
  for (let i = 0; i < block.count; i++) {
    const time = varint()
    const length = varint()
    if (at + length > data.length) throw new RangeError('line block ends inside a line')
    yield { number: block.first + i, time, bytes: data.subarray(at, at + length) }
    at += length
  }
  if (at !== data.length) throw new RangeError('line block has bytes after its last line')
}

/** The part of a block from line `from` on; the block itself when it starts there or later. */
export const sliceLineBlock = (block: LineBlock, from: number): LineBlock => {
  if (from <= block.first) return block
  const writer = new LineBlockWriter(block.data.length)
  for (const line of readLineBlock(block))
    if (line.number >= from) writer.add(line.number, line.time, line.bytes)
  const { first, count, data } = writer.take()
  return { first: count === 0 ? from : first, count, data }
}
