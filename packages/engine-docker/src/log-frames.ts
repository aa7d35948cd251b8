import { internal } from '@waggle/domain'

/** Bytes that a container wrote, at the engine's time. */
export interface LogPiece {
  readonly bytes: Buffer
  /** Milliseconds since 1970; 0 = the record bore no time. */
  readonly timeMs: number
}

/** Takes the engine's framed log apart: 8 bytes of head (stream, length), then a record that begins with its time of
 *  exactly 30 characters and a blank. A frame may be split over chunks; the engine cuts long lines into records of
 *  16 KiB, each with the time again. Neighbours of one millisecond come out as one piece. */
export class LogFrames {
  #rest: Buffer = Buffer.alloc(0)
  #second = ''
  #secondMs = 0
  /** Latest time seen, as the engine wrote it, and how many bytes of output bore it: where to go on from. */
  stamp = ''
  bytesAtStamp = 0

  /** The pieces that are complete with this chunk. Throws `internal` on bytes that are no frames. */
  push(chunk: Buffer): readonly LogPiece[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const group = new PieceGroup()
    let at = 0
    while (at + headBytes <= bytes.length) {
      const size = bytes.readUInt32BE(at + 4)
      if (size > frameLimitBytes || bytes.readUInt8(at) > 3) {
        throw internal('log_unreadable', 'the container engine sent a log that is not framed')
      }
      const end = at + headBytes + size
      if (end > bytes.length) break
      this.#takeRecord(bytes, at + headBytes, end, group)
      at = end
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0)
    return group.finish()
  }

  #takeRecord(bytes: Buffer, from: number, to: number, group: PieceGroup): void {
    // "2026-11-23T11:56:57.384733512Z "
    const isTimed =
      to - from >= stampBytes && bytes[from + 10] === 0x54 && bytes[from + 30] === 0x20
    if (!isTimed) {
      group.add(bytes.subarray(from, to), 0)
      return
    }
    const stamp = bytes.toString('latin1', from, from + 30)
    const payload = bytes.subarray(from + stampBytes, to)
    if (stamp > this.stamp) {
      this.stamp = stamp
      this.bytesAtStamp = 0
    }
    if (stamp === this.stamp) this.bytesAtStamp += payload.length
    group.add(payload, this.#timeOf(stamp))
  }

  #timeOf(stamp: string): number {
    const second = stamp.slice(0, 19)
    if (second !== this.#second) {
      this.#second = second
      this.#secondMs = Date.parse(`${second}Z`) || 0
    }
    return this.#secondMs + (Number(stamp.slice(20, 23)) || 0)
  }
}

/** A record's time as the engine's `since` takes it, exact to the nanosecond. */
export const sinceOf = (stamp: string): string =>
  `${Math.floor(Date.parse(`${stamp.slice(0, 19)}Z`) / 1_000)}.${stamp.slice(20, 29)}`

const headBytes = 8
const stampBytes = 31
const frameLimitBytes = 4 * 1024 * 1024

class PieceGroup {
  readonly #pieces: LogPiece[] = []
  #parts: Buffer[] = []
  #timeMs = 0

  add(bytes: Buffer, timeMs: number): void {
    if (bytes.length === 0) return
    if (timeMs !== this.#timeMs) this.#flush()
    this.#timeMs = timeMs
    this.#parts.push(bytes)
  }

  finish(): readonly LogPiece[] {
    this.#flush()
    return this.#pieces
  }

  #flush(): void {
    if (this.#parts.length === 0) return
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts)
    this.#pieces.push({ bytes, timeMs: this.#timeMs })
    this.#parts = []
  }
}
