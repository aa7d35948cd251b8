/** Goes through a list by id, a slice at each call, and begins anew behind its end. A slice that is not full is no sign of
 *  the end: rows that cannot be read are left out. */
export class RollingSlice<T extends { readonly id: number }> {
  readonly #list: (afterId: number) => Promise<readonly T[]>
  #seenTo = 0

  constructor(list: (afterId: number) => Promise<readonly T[]>) {
    this.#list = list
  }

  async next(): Promise<readonly T[]> {
    const rest = await this.#list(this.#seenTo)
    const slice = rest.length === 0 && this.#seenTo > 0 ? await this.#list(0) : rest
    this.#seenTo = slice.at(-1)?.id ?? 0
    return slice
  }
}
