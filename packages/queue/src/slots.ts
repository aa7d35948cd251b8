/** One slot in use, from the fetch of an entry until the entry is out of hand, or until its stage is over. */
export interface Slot {
  /** The slot outlives the entry: it is free when this settles. */
  keep(done: Promise<void>): void
  /** The entry is out of hand; the slot is free unless it was kept. */
  release(): void
}

/** Slots in use: fetching, accepting and running. The only admission control of a consumer, and what its loop waits
 *  for. */
export class Slots {
  readonly #count: number
  readonly #onStageError: (err: unknown) => void
  #used = 0
  #slowAccepts = 0
  #wake: (() => void) | null = null

  constructor(count: number, onStageError: (err: unknown) => void) {
    this.#count = count
    this.#onStageError = onStageError
  }

  get hasRoom(): boolean {
    return this.#used < this.#count
  }

  /** An accept has no answer: the API is away, and nothing else is taken meanwhile. */
  get isHeldUp(): boolean {
    return this.#slowAccepts > 0
  }

  use(): Slot {
    this.#used++
    let isKept = false
    return {
      keep: (done) => {
        isKept = true
        done.catch(this.#onStageError).finally(() => this.#free())
      },
      release: () => {
        if (!isKept) this.#free()
      },
    }
  }

  /** Does an accept; one that takes longer than `slowMs` holds everything up until it ends. */
  async accept<T>(slowMs: number, work: () => Promise<T>): Promise<T> {
    let isSlow = false
    const slow = setTimeout(() => {
      isSlow = true
      this.#slowAccepts++
    }, slowMs)
    try {
      return await work()
    } finally {
      clearTimeout(slow)
      if (isSlow) this.#slowAccepts--
      this.wake()
    }
  }

  wake(): void {
    this.#wake?.()
  }

  /** Resolves when something changed here: a slot became free, an accept ended, `wake`; or after a time. */
  async woken(withinMs?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (withinMs !== undefined) timer = setTimeout(resolve, withinMs)
    })
    clearTimeout(timer)
    this.#wake = null
  }

  #free(): void {
    this.#used--
    this.wake()
  }
}
