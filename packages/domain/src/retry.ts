/** What a further try is made on, by a word or by an exit code.
 *
 *  failure      the step or stage ran and failed, with whatever exit code
 *  error        it could not be run: an image that cannot be pulled, a set-up that fails
 *  timeout      the step ran into its own timeout (steps only)
 *  worker_lost  its worker was lost, and has ended what it ran by itself (stages only) */
export type RetryReason = 'failure' | 'error' | 'timeout' | 'worker_lost'

/** How often, and on what, something is run again. */
export interface Retry {
  /** Further tries after the first; 0 = none. */
  readonly count: number
  readonly on: readonly (RetryReason | number)[]
  /** Pause before a further try (steps only). */
  readonly delayMs: number
}

export const noRetry: Retry = { count: 0, on: [], delayMs: 0 }

/** Most further tries that a file may ask for. */
export const mostRetries = 10

/** How something ended, as far as a retry looks at it. */
export interface RetryEnd {
  readonly reason: RetryReason
  /** Exit code of a failure. */
  readonly exitCode: number
}

/** Whether this end is one that the retry names; not whether tries are left. A timeout is a failure too. */
export const isRetriedOn = ({ on }: Retry, { reason, exitCode }: RetryEnd): boolean => {
  if (on.includes(reason)) return true
  const isFailure = reason === 'failure' || reason === 'timeout'
  return isFailure && (on.includes('failure') || on.includes(exitCode))
}

/** What an expired timeout records as exit code, as `timeout` of the core utilities does. */
export const timeoutExitCode = 124
