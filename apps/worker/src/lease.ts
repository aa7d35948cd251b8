import { type AttemptRef, conflict, type StepSeal } from '@waggle/domain'

export type LeaseState = 'held' | 'released' | 'lost'

/** The right to run one attempt of one stage.
 *
 *  held → released, or held → lost (the API said that it is another's). lost is final: stop the steps, say nothing,
 *  for another worker may already be reporting. A cancelled lease is still held: its lines may be sealed and its end
 *  acknowledged, nothing else. */
export class Lease {
  readonly ref: AttemptRef
  readonly token: string
  #state: LeaseState = 'held'
  #ending: LeaseEnding | '' = ''
  #seals: readonly StepSeal[] = []
  readonly #steps = new AbortController()
  readonly #calls = new AbortController()

  constructor(ref: AttemptRef, token: string) {
    this.ref = ref
    this.token = token
  }

  get state(): LeaseState {
    return this.#state
  }

  /** Why the steps were told to end early; empty where they were not. */
  get ending(): LeaseEnding | '' {
    return this.#ending
  }

  get isCancelled(): boolean {
    return this.#ending === 'cancelled'
  }

  /** Fires when the steps must end: cancelled, lost, or the worker stops. */
  get steps(): AbortSignal {
    return this.#steps.signal
  }

  /** Fires when nothing may be said about the attempt any more. */
  get calls(): AbortSignal {
    return this.#calls.signal
  }

  /** Logs that are complete and whose seal the API does not have yet. */
  get seals(): readonly StepSeal[] {
    return this.#seals
  }

  addSeal(seal: StepSeal): void {
    this.#seals = [...this.#seals, seal]
  }

  /** The API has these. */
  dropSeals(told: readonly StepSeal[]): void {
    this.#seals = this.#seals.filter((seal) => !told.includes(seal))
  }

  /** The API ended the stage. */
  cancel(): void {
    this.#end('cancelled')
  }

  /** The worker has no more time for the stage. */
  stop(): void {
    this.#end('stopped')
  }

  lose(): void {
    if (this.#state !== 'held') return
    this.#state = 'lost'
    this.#end('lost')
    this.#calls.abort()
  }

  release(): void {
    if (this.#state === 'held') this.#state = 'released'
  }

  #end(ending: LeaseEnding): void {
    if (ending === 'lost' || this.#ending === '' || this.#ending === 'stopped')
      this.#ending = ending
    // The runtime tells a lost lease from a cancel by the reason's kind.
    this.#steps.abort(ending === 'lost' ? conflict('lease_lost', 'the lease is lost') : ending)
  }
}

type LeaseEnding = 'cancelled' | 'stopped' | 'lost'
