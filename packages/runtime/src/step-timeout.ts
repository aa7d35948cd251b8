import { Buffer } from 'node:buffer'
import type { Clock, SpecStep } from '@waggle/domain'

/** Ends a try of a step that takes longer than its own timeout, counted from the start of its process: pulling an image
 *  has limits of its own. */
export class StepTimeout {
  readonly #clock: Clock
  readonly #timeoutMs: number
  #timer: AbortController | null = null
  readonly #expired = new AbortController()

  constructor(clock: Clock, { timeoutMs = 0 }: Pick<SpecStep, 'timeoutMs'>) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Fires with the stage's signal, and when its time is over. */
  within(stage: AbortSignal): AbortSignal {
    return this.#timeoutMs > 0 ? AbortSignal.any([stage, this.#expired.signal]) : stage
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
    this.#timer = new AbortController()
    this.#clock.sleep(limitMs, this.#timer.signal).then(
      () => this.#expired.abort(),
      () => undefined,
    )
  }

  stop(): void {
    this.#timer?.abort()
  }
}

/** A line of Waggle's own in a step's log. */
export const ownLine = (text: string): Buffer => Buffer.from(`${text}\n`)
