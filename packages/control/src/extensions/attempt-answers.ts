import type { Database } from '@waggle/domain'

/** What extensions answered for an attempt that is being accepted. A worker repeats its accept after ten seconds without
 *  an answer, and an extension may take a minute: the repeat waits for the same answer instead of asking again. */
export class AttemptAnswers {
  readonly #keepMs: number
  readonly #answers = new Map<string, Promise<unknown>>()

  constructor(keepMs = 60_000) {
    this.#keepMs = keepMs
  }

  once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key) as Promise<T> | undefined
    if (known) return known
    const asking = ask()
    this.#answers.set(key, asking)
    const forget = () => {
      setTimeout(() => this.#answers.delete(key), this.#keepMs).unref()
    }
    asking.then(forget, forget)
    return asking
  }
}

const known = new WeakMap<Database, AttemptAnswers>()

export const attemptAnswers = (database: Database): AttemptAnswers => {
  const kept = known.get(database) ?? new AttemptAnswers()
  known.set(database, kept)
  return kept
}
