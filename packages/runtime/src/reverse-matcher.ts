import type { Buffer } from 'node:buffer'

interface Match {
  readonly at: number
  readonly length: number
}

/** Longer masks are searched one by one: they are few, and would make the table large. */
const maskLimit = 512
/** Entries of the table, 4 bytes each. */
const tableLimit = 4 * 1024 * 1024

/** Finds, for every position of a text, the longest of many masks that begins there.
 *
 *  An Aho–Corasick automaton of the reversed masks reads the text from its end: what it knows at a position is which
 *  masks begin there, so leftmost-longest needs no backtracking and the time is linear whatever masks and text are. */
export class ReverseMatcher {
  readonly masks: readonly Buffer[]
  /** Column of a byte; 0 for bytes that are in no mask. */
  readonly #columns: Uint16Array
  readonly #width: number
  readonly #table: Int32Array
  /** Length of the longest mask that is complete in a state; 0 = none. */
  readonly #longest: Uint16Array

  private constructor(masks: readonly Buffer[], columns: Uint16Array, width: number) {
    this.masks = masks
    this.#columns = columns
    this.#width = width
    const states = masks.reduce((sum, mask) => sum + mask.length, 1)
    this.#table = new Int32Array(states * width)
    this.#longest = new Uint16Array(states)
    this.#link(this.#grow())
  }

  /** `refused`: masks that are too long, or too many for the table. */
  static build(masks: readonly Buffer[]): { matcher: ReverseMatcher; refused: Buffer[] } {
    const columns = new Uint16Array(256)
    let width = 1
    const taken: Buffer[] = []
    const refused: Buffer[] = []
    let states = 1
    for (const mask of masks) {
      const added = new Set(mask.subarray(0, maskLimit)).size
      if (
        mask.length > maskLimit ||
        (states + mask.length) * Math.min(width + added, 257) > tableLimit
      ) {
        refused.push(mask)
        continue
      }
      for (const byte of mask) if (columns[byte] === 0) columns[byte] = width++
      states += mask.length
      taken.push(mask)
    }
    return { matcher: new ReverseMatcher(taken, columns, width), refused }
  }

  /** Gives the first match at or after a position that only grows from call to call. */
  finder(text: Buffer): (from: number) => Match | null {
    const found = this.#scan(text)
    let last = found.length - 2
    return (from) => {
      while (last >= 0 && (found[last] ?? 0) < from) last -= 2
      return last < 0 ? null : { at: found[last] ?? 0, length: found[last + 1] ?? 0 }
    }
  }

  /** Position and length of every match, from the end of the text to its beginning. */
  #scan(text: Buffer): number[] {
    const found: number[] = []
    let state = 0
    for (let at = text.length - 1; at >= 0; at--) {
      const column = this.#columns[text[at] as number] as number
      state = column === 0 ? 0 : (this.#table[state * this.#width + column] as number)
      const length = this.#longest[state] as number
      if (length !== 0) found.push(at, length)
    }
    return found
  }

  /** The tree of the reversed masks; gives the number of states. */
  #grow(): number {
    let states = 1
    for (const mask of this.masks) {
      let state = 0
      for (let i = mask.length - 1; i >= 0; i--) {
        const cell = state * this.#width + (this.#columns[mask[i] as number] as number)
        if (this.#table[cell] === 0) this.#table[cell] = states++
        state = this.#table[cell] as number
      }
      this.#longest[state] = mask.length
    }
    return states
  }

  /** Makes a complete table of the tree: where it has no branch, the one of the longest end that is in the tree. */
  #link(states: number): void {
    const back = new Int32Array(states)
    const order = new Int32Array(states)
    let filled = 0
    for (let column = 1; column < this.#width; column++) {
      const child = this.#table[column] as number
      if (child !== 0) order[filled++] = child
    }
    for (let i = 0; i < filled; i++) {
      const state = order[i] as number
      const behind = back[state] as number
      if (this.#longest[state] === 0) this.#longest[state] = this.#longest[behind] as number
      for (let column = 1; column < this.#width; column++) {
        const cell = state * this.#width + column
        const fallback = this.#table[behind * this.#width + column] as number
        const child = this.#table[cell] as number
        if (child === 0) this.#table[cell] = fallback
        else {
          back[child] = fallback
          order[filled++] = child
        }
      }
    }
  }
}
