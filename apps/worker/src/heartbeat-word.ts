import type { AttemptRef } from '@waggle/domain'

/** What a worker's main loop says to its heartbeat thread: that it lives, and what it holds. It lies in memory that
 *  both have, for it is said several times a stage and read every few seconds: as a message it woke the thread each
 *  time, 0.2 ms of CPU a stage. One writes, one reads. */
export class HeartbeatWord {
  readonly memory: SharedArrayBuffer
  /** Odd while something is being written. */
  readonly #turn: Int32Array<SharedArrayBuffer>
  /** When it was said, how many attempts, then two numbers for each. */
  readonly #numbers: Float64Array<SharedArrayBuffer>

  /** Without `memory`: a new one, in which nothing was said. */
  constructor(memory = new SharedArrayBuffer(8 * (first + 2 * mostAttempts))) {
    this.memory = memory
    this.#turn = new Int32Array(memory, 0, 1)
    this.#numbers = new Float64Array(memory)
  }

  say(attempts: readonly AttemptRef[]): void {
    const count = Math.min(attempts.length, mostAttempts)
    Atomics.add(this.#turn, 0, 1)
    this.#numbers[saidAt] = steadyMs()
    this.#numbers[length] = count
    for (let i = 0; i < count; i++) {
      const { stageId, attempt } = attempts[i] as AttemptRef
      this.#numbers[first + 2 * i] = stageId
      this.#numbers[first + 2 * i + 1] = attempt
    }
    Atomics.add(this.#turn, 0, 1)
  }

  /** What was said last; `null` while it is being said. `turn` is another for each word, 0 where there was none. */
  heard(): HeardWord | null {
    const turn = Atomics.load(this.#turn, 0)
    if (turn % 2 !== 0) return null
    const silentMs = steadyMs() - (this.#numbers[saidAt] ?? 0)
    const attempts = Array.from({ length: this.#numbers[length] ?? 0 }, (_, i) => ({
      stageId: this.#numbers[first + 2 * i] ?? 0,
      attempt: this.#numbers[first + 2 * i + 1] ?? 0,
    }))
    return Atomics.load(this.#turn, 0) === turn ? { turn, silentMs, attempts } : null
  }
}

export interface HeardWord {
  readonly turn: number
  /** Since it was said. */
  readonly silentMs: number
  readonly attempts: readonly AttemptRef[]
}

/** What one heartbeat may name. Memory that nobody writes takes none. */
const mostAttempts = 10_000
const saidAt = 1
const length = 2
const first = 3

/** The same for all threads, unlike `performance.now`. */
const steadyMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1_000_000
}
