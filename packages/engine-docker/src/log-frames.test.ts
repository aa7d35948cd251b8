import { describe, expect, it } from 'vitest'
import { type Checkpoint, LogFrames, sinceOf, startOf } from './log-frames.ts'

const stampOf = (nanos: number) => `2026-11-23T11:56:57.${String(nanos).padStart(9, '0')}Z`

const frame = (payload: string | Buffer, nanos = 0, stream = 1): Buffer => {
  const record = Buffer.concat([Buffer.from(`${stampOf(nanos)} `), Buffer.from(payload)])
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(record.length, 4)
  return Buffer.concat([head, record])
}

const read = (bytes: Buffer, chunkBytes = bytes.length): string => {
  const frames = new LogFrames()
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const piece of frames.push(bytes.subarray(at, at + chunkBytes))) {
      parts.push(Buffer.from(piece.bytes))
    }
  }
  return Buffer.concat(parts).toString('latin1')
}

describe('log frames', () => {
  it('strips heads and times wherever the chunks are cut', () => {
    const bytes = Buffer.concat([
      frame('one\n', 1),
      frame(Buffer.from([0, 255, 10]), 2, 2),
      frame('2026-11-23T11:56:57.000000000Z looks like a time\n', 3),
    ])
    const whole = read(bytes)
    expect(whole).toBe('one\n\x00\xff\n2026-11-23T11:56:57.000000000Z looks like a time\n')
    for (const size of [1, 2, 7, 8, 9, 31, 40]) expect(read(bytes, size)).toBe(whole)
  })

  it('gives the time in milliseconds and joins what was written in the same one', () => {
    const frames = new LogFrames()
    const pieces = frames.push(
      Buffer.concat([frame('a\n', 1_000_000), frame('b\n', 1_999_999), frame('c\n', 2_000_000)]),
    )
    const start = Date.parse('2026-11-23T11:56:57Z')
    expect(pieces.map(({ bytes, timeMs }) => [bytes.toString(), timeMs - start])).toEqual([
      ['a\nb\n', 1],
      ['c\n', 2],
    ])
  })

  it('gives back the line end that engine 20.10 drops after a long line', () => {
    const full = 'x'.repeat(16_384)
    const rest = 'y'.repeat(10)
    const next = frame('next\n', 2)
    expect(read(Buffer.concat([frame(full, 1), frame(rest, 1), next]))).toBe(
      `${full}${rest}\nnext\n`,
    )
    expect(read(Buffer.concat([frame(full, 1), frame('', 1), next]))).toBe(`${full}\nnext\n`)
    // An engine that keeps it.
    expect(read(Buffer.concat([frame(full, 1), frame(`${rest}\n`, 1), next]))).toBe(
      `${full}${rest}\nnext\n`,
    )
  })

  it('adds nothing to an unfinished last line', () => {
    expect(read(Buffer.concat([frame('a\n', 1), frame('b', 2), frame('err\n', 3, 2)]))).toBe(
      'a\nberr\n',
    )
  })

  it('refuses bytes that are no frames', () => {
    expect(() => new LogFrames().push(Buffer.from('plain text, not framed'))).toThrow('not framed')
  })

  it('can go on from a checkpoint by time and count, also where two streams cross', () => {
    const records = Array.from({ length: 400 }, (_, i) => {
      // Every tenth record is a little older than the one before it.
      const nanos = i % 10 === 9 ? i * 1_000 - 1_500 : i * 1_000
      return { nanos, bytes: frame(`${String(i).padStart(9_999, '.')}\n`, nanos, 1 + (i % 2)) }
    })
    const whole = read(Buffer.concat(records.map((record) => record.bytes)))
    const first = new LogFrames()
    let delivered = ''
    for (const record of records.slice(0, 330)) {
      for (const piece of first.push(record.bytes)) delivered += piece.bytes.toString('latin1')
    }
    const from = first.checkpoint as Checkpoint
    expect(from.atBytes).toBeGreaterThan(1024 * 1024)
    const again = records.filter((record) => stampOf(record.nanos) >= from.stamp)
    expect(again.length).toBeLessThan(300)
    let rest = ''
    for (const piece of new LogFrames(from).push(
      Buffer.concat(again.map((record) => record.bytes)),
    )) {
      rest += piece.bytes.toString('latin1')
    }
    expect(delivered + rest.slice(delivered.length - startOf(from))).toBe(whole)
  })

  it('writes a time as the engine takes it, to the nanosecond', () => {
    const at = { stamp: stampOf(7), atBytes: 0, lateBytes: 0 }
    expect(sinceOf(at)).toBe(`${Date.parse('2026-11-23T11:56:57Z') / 1_000}.000000007`)
  })
})
