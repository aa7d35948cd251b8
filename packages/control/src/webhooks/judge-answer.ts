/** What becomes of a call after a try. */
export type CallEnd =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'again'; readonly waitMs: number }

export interface Tried {
  /** HTTP status; 0 = no answer. */
  readonly status: number
  readonly retryAfterMs: number
  /** Tries before this one. */
  readonly tries: number
  readonly ageMs: number
  /** Most between two tries. */
  readonly longestWaitMs?: number
}

/** How long a call that fails is tried: its receiver's line waits behind it (reliability.md A9). */
export const giveUpAfterMs = 24 * 3_600_000
const firstWaitMs = 1_000
const longestMs = 5 * 60_000

/** 2xx: the receiver has it. No answer, 408, 425, 429 and 5xx may pass: again, later each time, for a day. Everything
 *  else is the receiver's refusal of this call; trying again would only hold up the next. */
export const judgeAnswer = ({
  status,
  retryAfterMs,
  tries,
  ageMs,
  longestWaitMs = longestMs,
}: Tried): CallEnd => {
  if (status >= 200 && status < 300) return { kind: 'sent' }
  const mayPass = status === 0 || status >= 500 || [408, 425, 429].includes(status)
  if (!mayPass || ageMs >= giveUpAfterMs) return { kind: 'failed' }
  const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries, 20))
  return { kind: 'again', waitMs: Math.max(waitMs, retryAfterMs) }
}
