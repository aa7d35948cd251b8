/** A list that comes again from its start at each tick, without those of it that could not be dealt with: they would
 *  stand before all others for ever (threats.md T-47). They are tried again when nothing else is left. */
export class PassedOver<T> {
  readonly #idOf: (item: T) => number
  readonly #limit: number
  readonly #failed = new Set<number>()

  /** `limit`: items at once. */
  constructor(idOf: (item: T) => number, limit: number) {
    this.#idOf = idOf
    this.#limit = limit
  }

  /** The next items. `list` gives the first ones of the list, at most as many as it is asked for. */
  async next(list: (limit: number) => Promise<readonly T[]>): Promise<readonly T[]> {
    const items = await list(this.#limit + this.#failed.size)
    const others = items.filter((item) => !this.#failed.has(this.#idOf(item)))
    if (others.length === 0) this.#failed.clear()
    return others.slice(0, this.#limit)
  }

  /** Throws what the work throws. */
  async try<R>(item: T, work: () => Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (error) {
      this.#failed.add(this.#idOf(item))
      throw error
    }
  }
}
