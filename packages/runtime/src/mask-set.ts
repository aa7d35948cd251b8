import { Buffer } from 'node:buffer'
import { encodedForms } from './encoded-forms.ts'
import { ReverseMatcher } from './reverse-matcher.ts'

const stars = Buffer.from('******')

/** Beyond this many masks one automaton is faster than a search for each. */
const searchLimit = 8

/** Encoded forms that are too long for the automaton, or too many; a search for a long text is quick. */
const spareLimit = 32

export interface MaskResult {
  /** Bytes that are final, masked. */
  readonly clean: Buffer
  /** Where the rest of the input begins, which may be the start of a mask and has to be seen again with what follows. */
  readonly rest: number
}

interface Match {
  readonly at: number
  readonly length: number
}

/** What must not be seen, ready for searching. Made once a stage, shared by its steps.
 *
 *  At each position, from the left, the longest mask that matches is replaced by `******` (pipeline.md §15.3).
 *  Masks hold no line feed, so a complete line never waits for what follows it. Time is linear in the text. */
export class MaskSet {
  readonly #searched: readonly Buffer[]
  readonly #matcher: ReverseMatcher | null
  readonly #longest: number

  constructor(masks: readonly string[]) {
    const plain = toBytes(masks.flatMap(partsOf)).sort((a, b) => b.length - a.length)
    const encoded = toBytes(masks.flatMap(encodedForms))
    if (plain.length + encoded.length <= searchLimit) {
      this.#searched = [...plain, ...encoded]
      this.#matcher = null
    } else {
      const { matcher, refused } = ReverseMatcher.build([...plain, ...encoded])
      // A search for each form that the automaton does not hold would cost more than the belt is worth.
      const spare = refused.filter((part) => !plain.includes(part)).slice(0, spareLimit)
      this.#searched = [...refused.filter((part) => plain.includes(part)), ...spare]
      this.#matcher = matcher
    }
    this.#longest = this.#allMasks().reduce((most, mask) => Math.max(most, mask.length), 0)
  }

  /** Masks what of `text` can be decided without knowing what follows; all of it when `isLast`. */
  mask(text: Buffer, isLast: boolean): MaskResult {
    if (this.#longest === 0) return { clean: text, rest: text.length }
    // A mask that begins before `safe` also ends within the text, or would have to hold a line feed.
    const safe = isLast
      ? text.length
      : Math.max(text.lastIndexOf(0x0a) + 1, text.length - this.#longest + 1, 0)
    const pieces: Buffer[] = []
    let at = 0
    for (const match of this.#matches(text, safe)) {
      if (match.at > at) pieces.push(text.subarray(at, match.at))
      pieces.push(stars)
      at = match.at + match.length
    }
    if (at === 0) return { clean: text.subarray(0, safe), rest: safe }
    if (safe > at) pieces.push(text.subarray(at, safe))
    return { clean: Buffer.concat(pieces), rest: Math.max(at, safe) }
  }

  /** Masks what may be shown of an unfinished text: without an end that is the beginning of a mask. */
  preview(text: Buffer): Buffer {
    const cut = text.length - this.#heldBack(text)
    const pieces: Buffer[] = []
    let at = 0
    for (const match of this.#matches(text, cut)) {
      pieces.push(text.subarray(at, match.at), stars)
      at = match.at + match.length
    }
    if (at < cut) pieces.push(text.subarray(at, cut))
    return Buffer.concat(pieces)
  }

  /** Length of the longest end of `text` that is the beginning of a mask. */
  #heldBack(text: Buffer): number {
    let held = 0
    for (const mask of this.#allMasks()) {
      const first = mask[0] ?? 0
      const from = Math.max(0, text.length - mask.length + 1)
      for (let at = text.indexOf(first, from); at !== -1; at = text.indexOf(first, at + 1)) {
        const length = text.length - at
        if (length <= held) break
        if (text.compare(mask, 0, length, at) === 0) {
          held = length
          break
        }
      }
    }
    return held
  }

  #allMasks(): readonly Buffer[] {
    return this.#matcher ? [...this.#searched, ...this.#matcher.masks] : this.#searched
  }

  /** Matches that begin before `end`, from the left, without overlaps. */
  *#matches(text: Buffer, end: number): Generator<Match> {
    const finders = this.#searched.map((mask) => searchFinder(text, mask))
    if (this.#matcher) finders.push(this.#matcher.finder(text))
    // The next match of each finder; searched again only once the text went past it.
    const next = finders.map((find) => find(0))
    for (let at = 0; at < end; ) {
      let best: Match | null = null
      for (let i = 0; i < finders.length; i++) {
        let match = next[i] ?? null
        if (match && match.at < at) {
          match = finders[i]?.(at) ?? null
          next[i] = match
        }
        if (!match) continue
        if (!best || match.at < best.at || (match.at === best.at && match.length > best.length))
          best = match
      }
      if (!best || best.at >= end) return
      yield best
      at = best.at + best.length
    }
  }
}

const made = new WeakMap<readonly string[], MaskSet>()

/** The set of a spec's masks, made once however many ask: with five secrets it takes 0.4 ms. */
export const masksOf = (masks: readonly string[]): MaskSet => {
  const set = made.get(masks) ?? new MaskSet(masks)
  made.set(masks, set)
  return set
}

/** The value, or its lines where it has several: a `}` in a key masks nothing (design §14). */
const partsOf = (mask: string): readonly string[] =>
  mask.includes('\n')
    ? mask
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => Buffer.byteLength(line) >= 4)
    : [mask]

/** From two bytes, without repeats. */
const toBytes = (texts: readonly string[]): Buffer[] =>
  [...new Set(texts)]
    .filter((text) => !text.includes('\n'))
    .map((text) => Buffer.from(text))
    .filter((bytes) => bytes.length >= 2)

/** Masks a text that goes elsewhere than to the lines, such as an error. */
export const maskText = (text: string, masks: readonly string[] | MaskSet): string => {
  const set = masks instanceof MaskSet ? masks : masksOf(masks)
  return set.mask(Buffer.from(text), true).clean.toString()
}

const searchFinder =
  (text: Buffer, mask: Buffer) =>
  (from: number): Match | null => {
    const at = text.indexOf(mask, from)
    return at === -1 ? null : { at, length: mask.length }
  }
