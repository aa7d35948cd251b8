import { Buffer } from 'node:buffer'
import { cardLimitBytes, type StepCard } from '@waggle/domain'
import { type MaskSet, maskText } from './mask-set.ts'

const begin = Buffer.from('\x1b]1338;')
const end = Buffer.from('\x1b]0m')
const escapeByte = 0x1b
/** Base64 of the largest card, with a line end every 76 characters. */
const blockLimitBytes = Math.ceil((cardLimitBytes * 4) / 3 / 76) * 78
const deepest = 64

/** Cuts cards out of a step's output: `ESC ]1338;`, base64 of JSON, `ESC ]0m` (pipeline.md §15.4). What is left is a
 *  pure function of the bytes, whatever the chunks were; a block that breaks off, or is too long, stays in the log. */
export class CardCutter {
  readonly #emit: (bytes: Buffer) => void
  /** A beginning that may become a block: `begin`, or a part of it, and what came after it. */
  #held: Buffer = Buffer.alloc(0)
  #heldBytes = 0
  /** How many bytes of `end` came. */
  #ending = 0
  #cards: Buffer[] = []
  #cardBytes = 0

  /** `emit` gets what is no card; the bytes are only good until it returns. */
  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit
  }

  write(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#heldBytes === 0) at = this.#skipText(bytes, at)
      else if (this.#heldBytes < begin.length) at = this.#match(bytes, at)
      else at = this.#takeBlock(bytes, at)
    }
  }

  /** No byte follows: an unfinished block is no card. */
  end(): void {
    this.#release()
  }

  /** Several blocks are one text, so that only one card works. Masked like the lines; `null` where there is none, or
   *  none that can be read. */
  card(masks: MaskSet): StepCard | null {
    if (this.#cards.length === 0) return null
    return decodeCard(Buffer.concat(this.#cards).toString('latin1'), masks)
  }

  #skipText(bytes: Buffer, at: number): number {
    const next = bytes.indexOf(escapeByte, at)
    const until = next === -1 ? bytes.length : next
    if (until > at) this.#emit(bytes.subarray(at, until))
    if (next === -1) return until
    this.#hold(bytes.subarray(next, next + 1))
    return next + 1
  }

  #match(bytes: Buffer, at: number): number {
    if (bytes[at] !== begin[this.#heldBytes]) {
      this.#release()
      return at
    }
    this.#hold(bytes.subarray(at, at + 1))
    return at + 1
  }

  /** Inside of a block: base64 and line ends up to `end`, of which a part may have come before. */
  #takeBlock(bytes: Buffer, at: number): number {
    let next = at
    while (next < bytes.length && this.#ending === 0 && isBase64(bytes[next] as number)) next++
    if (next > at) this.#hold(bytes.subarray(at, next))
    if (this.#heldBytes > begin.length + blockLimitBytes) this.#release()
    else if (next < bytes.length) {
      if (bytes[next] !== end[this.#ending]) this.#release()
      else {
        this.#ending++
        next++
        if (this.#ending === end.length) this.#finish()
      }
    }
    return next
  }

  #hold(bytes: Buffer): void {
    const size = this.#heldBytes + bytes.length
    if (size > this.#held.length) {
      // Grows like a list, so that a block of single bytes costs no more than one of large pieces.
      const larger = Buffer.allocUnsafe(Math.max(64, 2 * size))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    bytes.copy(this.#held, this.#heldBytes)
    this.#heldBytes = size
  }

  #finish(): void {
    const block = Buffer.from(this.#held.subarray(begin.length, this.#heldBytes))
    this.#forget()
    // Beyond what one card may be, blocks are dropped: nothing of them could be read.
    if (this.#cardBytes + block.length > blockLimitBytes) return
    this.#cards.push(block)
    this.#cardBytes += block.length
  }

  #release(): void {
    if (this.#heldBytes === 0) return
    const held = Buffer.concat([
      this.#held.subarray(0, this.#heldBytes),
      end.subarray(0, this.#ending),
    ])
    this.#forget()
    this.#emit(held)
  }

  #forget(): void {
    this.#held = Buffer.alloc(0)
    this.#heldBytes = 0
    this.#ending = 0
  }
}

const isBase64 = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x2f && byte <= 0x39) ||
  byte === 0x2b ||
  byte === 0x3d ||
  byte === 0x0a ||
  byte === 0x0d

const decodeCard = (encoded: string, masks: MaskSet): StepCard | null => {
  const text = encoded.replaceAll('\n', '').replaceAll('\r', '')
  const bytes = Buffer.from(text, 'base64')
  // Node decodes whatever it finds.
  if (bytes.toString('base64') !== text) return null
  try {
    const card: unknown = JSON.parse(bytes.toString())
    if (typeof card !== 'object' || card === null) return null
    const { schema, data } = card as { schema?: unknown; data?: unknown }
    if (typeof schema !== 'string' || schema.length > 2_000) return null
    const json = JSON.stringify(masked(data ?? null, masks, 0))
    if (Buffer.byteLength(json) > cardLimitBytes) return null
    return { schema: maskText(schema, masks), data: json }
  } catch {
    return null
  }
}

/** Every text of the value without what the mask hides: a card is output as well (invariant I12). */
const masked = (value: unknown, masks: MaskSet, depth: number): unknown => {
  if (depth > deepest) throw new RangeError('the card is too deep')
  if (typeof value === 'string') return maskText(value, masks)
  if (Array.isArray(value)) return value.map((item) => masked(item, masks, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      maskText(key, masks),
      masked(item, masks, depth + 1),
    ]),
  )
}
