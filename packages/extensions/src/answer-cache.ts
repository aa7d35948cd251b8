/** The last answers, the least used of them forgotten first. */
export class AnswerCache<T> {
  readonly #size: number
  readonly #answers = new Map<string, T>()

  /** A size of 0 keeps nothing. */
  constructor(size: number) {
    this.#size = size
  }

  find(key: string): { readonly answer: T } | null {
    if (!this.#answers.has(key)) return null
    const answer = this.#answers.get(key) as T
    this.#answers.delete(key)
    this.#answers.set(key, answer)
    return { answer }
  }

  keep(key: string, answer: T): void {
    this.#answers.set(key, answer)
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#size) return
      this.#answers.delete(oldest)
    }
  }
}
