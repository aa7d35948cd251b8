import { internal } from '@waggle/domain'

/** Bytes that a container wrote, at the engine's time. */
export interface LogPiece {
  readonly bytes: Buffer
  /** Milliseconds since 1970; 0 = the record bore no time. */
  readonly timeMs: number
}

/** A place in a log from which reading can begin again by time: the first record with a new latest time, where no
 *  line was half-way. */
export interface Checkpoint {
  readonly stamp: string
  /** Bytes of output before it. */
  readonly atBytes: number
  /** Bytes after it with an earlier time: the two streams cross by microseconds. Reading by time leaves them out. */
  lateBytes: number
}

/** Takes the engine's framed log apart: 8 bytes of head (stream, length), then a record that begins with its time of
 *  exactly 30 characters and a blank. A frame may be split over chunks. The engine cuts long lines into records of
 *  16 KiB, each with the time again. Neighbours of one millisecond come out as one piece.
 *
 *  What comes out is a pure function of the frames, so that reading again gives the same bytes. */
export class LogFrames {
  #rest: Buffer = empty
  #second = ''
  #secondMs = 0
  #latest = ''
  /** The last record of the stream, by its number, filled 16 KiB without an end of line. */
  readonly #isPartial = [false, false, false, false]
  #owesNewline = false
  #offset: number
  #older: Checkpoint | null
  #newer: Checkpoint | null

  /** Begins at the start of a log, or where a reading by time from `from` begins. */
  constructor(from: Checkpoint | null = null) {
    this.#older = from
    this.#newer = from
    this.#offset = startOf(from)
  }

  /** A place at least 1 MiB back, so that no record crosses it; `null` = the start. */
  get checkpoint(): Checkpoint | null {
    return this.#older
  }

  /** The pieces that are complete with this chunk. Throws `internal` on bytes that are no frames. */
  push(chunk: Buffer): readonly LogPiece[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const group = new PieceGroup()
    let at = 0
    while (at + headBytes <= bytes.length) {
      const stream = bytes.readUInt8(at)
      const size = bytes.readUInt32BE(at + 4)
      if (size > frameLimitBytes || stream > 3) {
        throw internal('log_unreadable', 'the container engine sent a log that is not framed')
      }
      const end = at + headBytes + size
      if (end > bytes.length) break
      this.#takeRecord(stream, bytes.subarray(at + headBytes, end), group)
      at = end
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : empty
    return group.finish()
  }

  #takeRecord(stream: number, record: Buffer, group: PieceGroup): void {
    // "2026-11-23T11:56:57.384733512Z "
    const isTimed = record.length >= stampBytes && record[10] === 0x54 && record[30] === 0x20
    const stamp = isTimed ? record.toString('latin1', 0, 30) : ''
    const payload = isTimed ? record.subarray(stampBytes) : record
    const timeMs = isTimed ? this.#timeOf(stamp) : 0
    if (this.#owesNewline) this.#add(newline, timeMs, group)
    this.#owesNewline = false
    this.#mark(stamp, payload.length)
    this.#add(payload, timeMs, group)
    this.#repairLineEnd(stream, payload, timeMs, group)
  }

  /** Engine 20.10 drops the end of each line that it cut into records: the last, short one comes without it (newer
   *  ones keep it). An unfinished record that follows no full one is the stream's end and stays as it is. So does one
   *  at the very end of the log, where both are possible. */
  #repairLineEnd(stream: number, payload: Buffer, timeMs: number, group: PieceGroup): void {
    const isEnded = payload.length > 0 && payload[payload.length - 1] === 0x0a
    const wasPartial = this.#isPartial[stream] === true
    this.#isPartial[stream] = !isEnded && payload.length === partialBytes
    if (isEnded || this.#isPartial[stream] || !wasPartial) return
    if (payload.length === 0) this.#add(newline, timeMs, group)
    else this.#owesNewline = true
  }

  #add(bytes: Buffer, timeMs: number, group: PieceGroup): void {
    this.#offset += bytes.length
    group.add(bytes, timeMs)
  }

  #mark(stamp: string, size: number): void {
    if (stamp <= this.#latest) {
      if (this.#newer && stamp < this.#newer.stamp) this.#newer.lateBytes += size
      if (this.#older && this.#older !== this.#newer && stamp < this.#older.stamp) {
        this.#older.lateBytes += size
      }
      return
    }
    this.#latest = stamp
    const isFar = this.#offset - startOf(this.#newer) >= checkpointBytes
    if (!isFar || this.#isPartial.includes(true)) return
    this.#older = this.#newer
    this.#newer = { stamp, atBytes: this.#offset, lateBytes: 0 }
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

/** How many bytes of output lie before a reading from there. */
export const startOf = (from: Checkpoint | null): number =>
  from ? from.atBytes + from.lateBytes : 0

/** The checkpoint's time as the engine's `since` takes it, exact to the nanosecond and inclusive. */
export const sinceOf = ({ stamp }: Checkpoint): string =>
  `${Math.floor(Date.parse(`${stamp.slice(0, 19)}Z`) / 1_000)}.${stamp.slice(20, 29)}`

const empty = Buffer.alloc(0)
const newline = Buffer.from('\n')
const headBytes = 8
const stampBytes = 31
const partialBytes = 16_384
const frameLimitBytes = 4 * 1024 * 1024
const checkpointBytes = 1024 * 1024

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
