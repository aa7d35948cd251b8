import type { AttemptRef } from '@waggle/domain'
import type { Lease } from './lease.ts'

/** The attempts that this worker has, from accept until their clean-up is done. What the heartbeat names. */
export class HeldStages {
  readonly #leases = new Map<string, Lease>()
  readonly #onChange: () => void
  #waiting: (() => void)[] = []

  constructor(onChange: () => void = () => undefined) {
    this.#onChange = onChange
  }

  get count(): number {
    return this.#leases.size
  }

  add(lease: Lease): void {
    this.#leases.set(keyOf(lease.ref), lease)
    this.#onChange()
  }

  delete(lease: Lease): void {
    this.#leases.delete(keyOf(lease.ref))
    this.#onChange()
    if (this.#leases.size > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  find(ref: AttemptRef): Lease | undefined {
    return this.#leases.get(keyOf(ref))
  }

  /** What the worker asks to be renewed: everything it has but what it lost. */
  refs(): readonly AttemptRef[] {
    return this.list().flatMap((lease) => (lease.state === 'held' ? [lease.ref] : []))
  }

  list(): readonly Lease[] {
    return [...this.#leases.values()]
  }

  /** Resolves when nothing is held. */
  empty(): Promise<void> {
    if (this.#leases.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

const keyOf = (ref: AttemptRef): string => `${ref.stageId}-${ref.attempt}`
