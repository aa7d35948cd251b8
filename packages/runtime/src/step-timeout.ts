import { Buffer } from 'node:buffer'
import type { Clock, SpecStep } from '@waggle/domain'

/** Ends a try of a step that takes longer than its own timeout, counted from the start of its process: pulling an image
 *  has limits of its own. */
export class StepTimeout {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #over = new AbortController()
  readonly #expired = new AbortController()

  constructor(clock: Clock, { timeoutMs = 0 }: Pick<SpecStep, 'timeoutMs'>) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Fires when its time is over. */
  get signal(): AbortSignal {
    return this.#expired.signal
  }

  get isExpired(): boolean {
    return this.#expired.signal.aborted
  }

  /** What the step's record and log say of it. */
  get text(): string {
    return `timed out after ${this.#timeoutMs / 1_000} s`
  }

  start(): void {
    if (this.#timeoutMs <= 0) return
    const limitMs = Math.min(this.#timeoutMs, 2 ** 31 - 1)
    this.#clock.sleep(limitMs, this.#over.signal).then(
      () => this.#expired.abort(),
      () => undefined,
    )
  }

  stop(): void {
    this.#over.abort()
  }
}

/** A line of Waggle's own in a step's log. */
export const ownLine = (text: string): Buffer => Buffer.from(`${text}\n`)
