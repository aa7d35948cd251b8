import { type LineBlock, sliceLineBlock, unavailable } from '@waggle/domain'

/** A viewer may be this far behind (reliability.md L1). */
const bufferLimitBytes = 256 * 1024

/** One viewer of one stream: a bounded buffer between the shared reader and the viewer's own pace. */
export class Follower {
  /** Number of the next line that the viewer wants. */
  #next: number
  #blocks: LineBlock[] = []
  #bytes = 0
  #state: 'catching_up' | 'live' | 'ended' | 'too_slow' = 'catching_up'
  #hasOverflowed = false
  #wake: (() => void) | null = null

  constructor(from: number) {
    this.#next = from
  }

  get next(): number {
    return this.#next
  }

  /** From the reader; never waits. */
  push(block: LineBlock): void {
    if (this.#state === 'ended' || this.#state === 'too_slow') return
    // What the viewer took from the snapshot meanwhile comes again here.
    if (block.first + block.count <= this.#next) return
    if (this.#blocks.length > 0 && this.#bytes + block.data.length > bufferLimitBytes) {
      this.#drop()
      return
    }
    this.#blocks.push(block)
    this.#bytes += block.data.length
    this.#wake?.()
  }

  end(): void {
    if (this.#state !== 'too_slow') this.#state = 'ended'
    this.#wake?.()
  }

  /** The part of a block that the viewer does not have yet, `null` when it has all; it counts as taken. */
  accept(block: LineBlock): LineBlock | null {
    if (block.first + block.count <= this.#next) return null
    const part = sliceLineBlock(block, this.#next)
    this.#next = block.first + block.count
    return part
  }

  /** Says that the snapshot was read to its end. False when the buffer overflowed meanwhile: read on there. */
  goLive(): boolean {
    if (this.#hasOverflowed) {
      this.#hasOverflowed = false
      return false
    }
    if (this.#state === 'catching_up') this.#state = 'live'
    return true
  }

  /** Blocks as they come, until the end. Throws `viewer_too_slow`. */
  async *blocks(signal: AbortSignal): AsyncGenerator<LineBlock> {
    const stop = () => this.#wake?.()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted) {
        const block = this.#blocks.shift()
        if (block) {
          this.#bytes -= block.data.length
          const part = this.accept(block)
          if (part) yield part
          continue
        }
        if (this.#state === 'too_slow')
          throw unavailable('viewer_too_slow', 'the viewer was too slow and may resume', {
            fields: { next: this.#next },
          })
        if (this.#state === 'ended') return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = null
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #drop(): void {
    if (this.#state === 'catching_up') {
      // It reads from the stream itself now, and will find these there.
      this.#hasOverflowed = true
      this.#blocks = []
      this.#bytes = 0
      return
    }
    this.#state = 'too_slow'
    this.#wake?.()
  }
}
