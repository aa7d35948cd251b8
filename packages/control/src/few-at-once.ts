/** Lets at most `limit` works of one key run at once in this process; the others wait in line. */
export class FewAtOnce {
  readonly #limit: number
  readonly #running = new Map<number, number>()
  readonly #waiting = new Map<number, (() => void)[]>()

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<T>(key: number, work: () => Promise<T>): Promise<T> {
    await this.#enter(key)
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  #enter(key: number): Promise<void> | undefined {
    const running = this.#running.get(key) ?? 0
    if (running < this.#limit) {
      this.#running.set(key, running + 1)
      return undefined
    }
    return new Promise((resolve) => {
      const line = this.#waiting.get(key)
      if (line) line.push(resolve)
      else this.#waiting.set(key, [resolve])
    })
  }

  /** Hands the place to the next in line, or gives it up; keys that nobody uses are forgotten. */
  #leave(key: number): void {
    const line = this.#waiting.get(key)
    const next = line?.shift()
    if (line?.length === 0) this.#waiting.delete(key)
    if (next) {
      next()
      return
    }
    const running = (this.#running.get(key) ?? 1) - 1
    if (running === 0) this.#running.delete(key)
    else this.#running.set(key, running)
  }
}
