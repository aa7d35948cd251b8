import { isWaggleError } from '@waggle/domain'
import type { ExecuteDeps, StopReason } from './execute-deps.ts'
import { over } from './over.ts'
import type { StageState } from './stage-state.ts'

/** What ends a stage before its graph does: cancel, timeout, fail-fast, refusal (pipeline.md §14.7), or a failure of
 *  this worker. The first one counts. */
export class StageStop {
  readonly #deps: Pick<ExecuteDeps, 'clock' | 'log'>
  readonly #state: StageState
  readonly #ended = new AbortController()
  #reason: StopReason | '' = ''
  #failure: { readonly error: unknown } | null = null

  constructor(deps: Pick<ExecuteDeps, 'clock' | 'log'>, state: StageState) {
    this.#deps = deps
    this.#state = state
  }

  /** Ends every step. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  get reason(): StopReason | '' {
    return this.#reason
  }

  /** Listens to what ends the stage from outside, until the returned call. */
  watch(signal: AbortSignal, timeoutMs: number): () => void {
    const timer = new AbortController()
    const onAbort = () => {
      if (isLost(signal)) this.fail(signal.reason)
      else this.cancel('cancelled')
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    if (timeoutMs <= 0) this.cancel('timeout')
    // Timers hold 31 bits of milliseconds: 24 days.
    this.#deps.clock.sleep(Math.min(Math.max(timeoutMs, 1), 2 ** 31 - 1), timer.signal).then(
      () => this.cancel('timeout'),
      () => undefined,
    )
    return () => {
      timer.abort(over)
      signal.removeEventListener('abort', onAbort)
    }
  }

  cancel(reason: StopReason): void {
    if (this.signal.aborted) return
    this.#reason = reason
    this.#state.cancel()
    this.#deps.log.info('stage stopped', { reason })
    this.#ended.abort()
  }

  /** A stage of which nothing ran was not to be run: by the call of `signal`, or refused. */
  cancelUnheard(signal: AbortSignal): void {
    if (isLost(signal)) throw signal.reason
    this.#reason = signal.aborted ? 'cancelled' : 'refused'
    this.#state.cancel()
  }

  /** This worker cannot go on with the stage. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#ended.abort()
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }
}

/** The lease is lost: nothing may be told any more. */
const isLost = (signal: AbortSignal): boolean => isWaggleError(signal.reason, 'conflict')
