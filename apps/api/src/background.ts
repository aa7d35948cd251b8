import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@waggle/domain'

/** Work that goes on after its request was answered; the server waits for it before it ends. */
export class Background {
  readonly #running = new Set<Promise<void>>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** Its failure is logged here and nowhere else. */
  add(name: string, work: Promise<unknown>): void {
    const watched: Promise<void> = work
      .then(
        () => undefined,
        (err: unknown) => this.#log.error('work in the background failed', { name, err }),
      )
      .finally(() => this.#running.delete(watched))
    this.#running.add(watched)
  }

  /** Resolves when all of it is over, or after `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    const timer = new AbortController()
    const late = delay(withinMs, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([Promise.all(this.#running), late])
    timer.abort()
    if (this.#running.size > 0)
      this.#log.warn('work in the background was left', { count: this.#running.size })
  }
}
