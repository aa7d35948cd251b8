import type { Database, Stores } from '@waggle/domain'

/** Lets two calls go on statement by statement, in an order that is given: `order[i]` says who goes at the i-th point
 *  where both could. One that waits for a lock of the other does not come back, so the other goes on. */
export class Turns {
  readonly #order: readonly number[]
  readonly #waiting = new Map<number, () => void>()
  readonly #running = new Set<number>()
  readonly #over = new Set<number>()
  /** Who waits for a lock of the other: until that one commits there is no use in waiting again. */
  readonly #stuck = new Set<number>()
  /** How many could go at each point; what was chosen there. */
  readonly taken: number[] = []
  /** Transactions that were run again: only two that wait for each other's locks end so. */
  repeats = 0
  #blocked: NodeJS.Timeout | undefined

  constructor(order: readonly number[]) {
    this.#order = order
  }

  /** Resolves when it is the actor's turn. Who asks has ended its statement before. */
  wait(actor: number): Promise<void> {
    return new Promise((resolve) => {
      this.#running.delete(actor)
      this.#stuck.delete(actor)
      this.#waiting.set(actor, resolve)
      this.#next()
    })
  }

  end(actor: number): void {
    this.#running.delete(actor)
    this.#stuck.clear()
    this.#over.add(actor)
    this.#next()
  }

  /** One of them lets go of its locks now. */
  letGo(): void {
    this.#stuck.clear()
  }

  #next(): void {
    clearTimeout(this.#blocked)
    const isComplete = this.#waiting.size + this.#over.size >= 2
    const running = [...this.#running]
    const isStuck = running.length > 0 && running.every((actor) => this.#stuck.has(actor))
    if ((isComplete && running.length === 0) || isStuck) {
      this.#choose()
      return
    }
    this.#watch()
  }

  /** While one runs a statement and the other waits: it comes back at once, or waits for a lock of the other. */
  #watch(): void {
    if (this.#waiting.size === 0) return
    this.#blocked = setTimeout(() => {
      for (const actor of this.#running) this.#stuck.add(actor)
      this.#choose()
    }, blockedMs)
  }

  #choose(): void {
    const ready = [...this.#waiting.keys()].toSorted((a, b) => a - b)
    const [first, second] = ready
    if (first === undefined) return
    let actor = first
    if (second !== undefined) {
      actor = this.#order[this.taken.length] === 1 ? second : first
      this.taken.push(actor === first ? 0 : 1)
    }
    const go = this.#waiting.get(actor)
    this.#waiting.delete(actor)
    this.#running.add(actor)
    go?.()
    this.#watch()
  }
}

/** A statement that takes longer waits for a lock. Where it does not, another order is tried than was meant; no harm. */
const blockedMs = 15

/** The database as one of the two sees it: each statement of a transaction waits for its turn, and so does each commit.
 *  Statements outside of transactions lock nothing and decide nothing. */
export const inTurns = (database: Database, turns: Turns, actor: number): Database => ({
  ...database,
  transaction: (work) => {
    let runs = 0
    return database.transaction(async (stores, atEnd) => {
      if (runs++ > 0) turns.repeats++
      const ending: Promise<unknown>[] = []
      const result = await work(gated(stores, turns, actor), (...statements) => {
        ending.push(...statements)
        atEnd(...statements)
      })
      await Promise.all(ending)
      await turns.wait(actor)
      turns.letGo()
      return result
    })
  },
})

type Call = (...given: readonly unknown[]) => Promise<unknown>

const gated = (stores: Stores, turns: Turns, actor: number): Stores => {
  let last: Promise<unknown> = Promise.resolve()
  const inOrder =
    (call: Call): Call =>
    (...given) => {
      // One after the other, as they were asked for, though they may be asked for together.
      const mine = last.then(async () => {
        await turns.wait(actor)
        return call(...given)
      })
      last = mine.catch(() => undefined)
      return mine
    }
  const storeOf = (store: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(store).map(([name, part]) => [
        name,
        typeof part === 'function' ? inOrder(part as Call) : part,
      ]),
    )
  return Object.fromEntries(
    Object.entries(stores).map(([name, part]) => [
      name,
      typeof part === 'function' ? inOrder(part as Call) : storeOf(part as never),
    ]),
  ) as unknown as Stores
}

/** All orders in which the two can go: the first of them, then each with one choice changed where there was one. `some`:
 *  only so many, drawn by chance, always the same. Gives how many different ones there were. */
export const inAllOrders = async (
  some: number | null,
  race: (order: readonly number[]) => Promise<readonly number[]>,
): Promise<number> => {
  const seen = new Set<string>()
  if (some !== null) {
    for (let drawn = 0; drawn < some; drawn++) seen.add((await race(draw(drawn))).join(''))
    return seen.size
  }
  const open: (readonly number[])[] = [[]]
  for (let order = open.pop(); order !== undefined; order = open.pop()) {
    const taken = await race(order)
    seen.add(taken.join(''))
    for (let at = order.length; at < taken.length; at++)
      open.push([...taken.slice(0, at), 1 - (taken[at] ?? 0)])
  }
  return seen.size
}

/** One goes for some statements, then the other: a coin for each statement would hardly ever let one end first. */
const draw = (seed: number): readonly number[] => {
  const first = seed % 2
  const statements = 1 + Math.floor(seed / 2)
  return Array.from({ length: 64 }, (_, at) => (at < statements ? first : 1 - first))
}
