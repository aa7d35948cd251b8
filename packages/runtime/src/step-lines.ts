import { Buffer } from 'node:buffer'
import type { MaskSet } from './mask-set.ts'

/** A record without a line feed ends after so many bytes. */
export const recordBytes = 64 * 1024

/** Smaller pieces without a line feed are collected before they are looked at, so that a step that writes single
 *  bytes costs time in proportion to its output. */
const gatherBytes = 16 * 1024

/** A step's bytes to masked records: a pure function of the bytes and the masks, whatever the chunks were (design §9).
 *
 *  Masks first, then splits, so that a mask across a record's border is found too. */
export class StepLines {
  readonly #masks: MaskSet
  readonly #emit: (record: Buffer) => void
  /** Not masked yet. */
  #raw: Buffer[] = []
  #rawBytes = 0
  #gatherBytes = gatherBytes
  /** Masked bytes of the unfinished record. */
  #open: Buffer = Buffer.alloc(0)

  /** `emit` gets each record with its line feed; the bytes are only good until it returns. */
  constructor(masks: MaskSet, emit: (record: Buffer) => void) {
    this.#masks = masks
    this.#emit = emit
  }

  /** Takes bytes, at most about 64 KiB at a time so that the caller can pause between. They may be reused afterwards. */
  write(bytes: Buffer): void {
    const hasLine = bytes.includes(0x0a)
    if (!hasLine && this.#rawBytes + bytes.length < this.#gatherBytes) {
      this.#raw.push(Buffer.from(bytes))
      this.#rawBytes += bytes.length
      return
    }
    this.#mask(bytes, false)
  }

  /** The unfinished record as far as it may be shown. */
  preview(): Buffer {
    if (this.#rawBytes > 0) this.#mask(Buffer.alloc(0), false)
    const tail = this.#masks.preview(Buffer.concat(this.#raw))
    return Buffer.concat([this.#open, tail])
  }

  /** No byte follows: what is left becomes the last record. */
  end(): void {
    this.#mask(Buffer.alloc(0), true)
    if (this.#open.length > 0) this.#emit(this.#open)
    this.#open = Buffer.alloc(0)
  }

  #mask(bytes: Buffer, isLast: boolean): void {
    const text = this.#rawBytes === 0 ? bytes : Buffer.concat([...this.#raw, bytes])
    const { clean, rest } = this.#masks.mask(text, isLast)
    const kept = text.subarray(rest)
    this.#raw = kept.length === 0 ? [] : [Buffer.from(kept)]
    this.#rawBytes = kept.length
    // What a long mask holds back is looked at again each time: twice as much before the next look keeps it linear.
    this.#gatherBytes = Math.max(gatherBytes, 2 * kept.length)
    this.#split(clean)
  }

  #split(clean: Buffer): void {
    const text = this.#open.length === 0 ? clean : Buffer.concat([this.#open, clean])
    let at = 0
    // The unfinished record was searched when it came.
    let from = this.#open.length
    while (at < text.length) {
      const feed = text.indexOf(0x0a, from)
      const end = feed === -1 ? text.length : feed + 1
      while (end - at > recordBytes) {
        this.#emit(text.subarray(at, at + recordBytes))
        at += recordBytes
      }
      if (feed === -1) break
      this.#emit(text.subarray(at, end))
      at = end
      from = end
    }
    // A full record ends even before it is known whether a line feed follows.
    if (text.length - at === recordBytes) {
      this.#emit(text.subarray(at))
      at = text.length
    }
    this.#open = at === text.length ? empty : Buffer.from(text.subarray(at))
  }
}

const empty: Buffer = Buffer.alloc(0)
