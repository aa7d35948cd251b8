import type { LineBlock } from '@waggle/domain'

/** Whether the bytes are what `LineBlockWriter` makes: the walk of `readLineBlock` without an object per line. */
export const isLineBlock = (block: LineBlock): boolean => {
  const { data, count } = block
  if (!(block.first >= 0) || !(count >= 1)) return false
  let at = 0
  for (let line = 0; line < count; line++) {
    at = skipNumber(data, at)
    if (at < 0) return false
    const lengthAt = at
    at = skipNumber(data, at)
    if (at < 0) return false
    at += readNumber(data, lengthAt, at)
    if (at > data.length) return false
  }
  return at === data.length
}

// A varint of at most seven bytes, as readLineBlock takes them.
const skipNumber = (data: Buffer, from: number): number => {
  for (let at = from; at < from + 7; at++) {
    const byte = data[at]
    if (byte === undefined) return -1
    if (byte < 0x80) return at + 1
  }
  return -1
}

const readNumber = (data: Buffer, from: number, to: number): number => {
  let value = 0
  for (let at = to - 1; at >= from; at--) value = value * 128 + (data[at]! & 0x7f)
  return value
}
