import type { Durations, Span } from './wait-reason.ts'

/** How long stages took, as figures; `null` where there are none. Low and high: the span of the middle four fifths. */
export const durationsOf = (durations: readonly number[]): Durations | null => {
  if (durations.length === 0) return null
  const sorted = durations.toSorted((a, b) => a - b)
  return {
    lowMs: quantile(sorted, 0.1),
    medianMs: quantile(sorted, 0.5),
    highMs: quantile(sorted, 0.9),
    samples: sorted.length,
  }
}

/** When a stage that has run for `elapsedMs` is likely to end, from how long others took that ran longer than that.
 *  `null` where none did: then nobody knows. */
export const remainingOf = (durations: readonly number[], elapsedMs: number): Span | null => {
  const left = durations.flatMap((ms) => (ms > elapsedMs ? [ms - elapsedMs] : []))
  const figures = durationsOf(left)
  return figures === null ? null : { lowMs: figures.lowMs, highMs: figures.highMs }
}

export interface WaitQuestion {
  /** Slots of the workers that can serve the stage. */
  readonly slots: number
  /** Ends of what runs on them; `null` = unknown. Perhaps only a sample: `busy` says how many there are. */
  readonly running: readonly (Span | null)[]
  readonly busy: number
  /** Stages that come first. */
  readonly ahead: number
  /** How long one stage takes there; `null` = unknown. */
  readonly turn: Span | null
}

/** When the stage is likely to get a slot. `null`: unknown, for more than half of what has to end first has no history.
 *  Stages ahead are taken to last as long as one turn. */
export const startsIn = ({ slots, running, busy, ahead, turn }: WaitQuestion): Span | null => {
  if (slots < 1) return null
  const free = Math.max(0, slots - busy)
  const ends = ahead - free + 1
  if (ends <= 0) return { lowMs: 0, highMs: 0 }
  const known = running.filter((span) => span !== null)
  const isSample = running.length < busy || slots > mostSlots
  if (isSample || 2 * known.length < running.length) return turn && atRate(ends, slots, turn)
  if (turn === null) return nthEnd(known, ends)
  // What is not known, and what goes into the slots that are free, takes a turn.
  const more = Array.from({ length: slots - known.length }, () => turn)
  const waves = Math.floor((ends - 1) / slots)
  const first = nthEnd([...known, ...more], ((ends - 1) % slots) + 1)
  return addSpans(first, { lowMs: waves * turn.lowMs, highMs: waves * turn.highMs })
}

const mostSlots = 1_000

/** Slots of which only some are known: they become free evenly. */
const atRate = (ends: number, slots: number, turn: Span): Span => ({
  lowMs: Math.round((ends * turn.lowMs) / slots),
  highMs: Math.round(Math.max(turn.highMs, (ends * turn.highMs) / slots)),
})

export const addSpans = (a: Span | null, b: Span | null): Span | null =>
  a === null || b === null ? null : { lowMs: a.lowMs + b.lowMs, highMs: a.highMs + b.highMs }

/** The `count`th of several ends: when so many of them are over. */
export const nthEnd = (ends: readonly (Span | null)[], count: number): Span | null => {
  const known = ends.filter((span) => span !== null)
  if (known.length < ends.length || count < 1) return null
  const at = (values: readonly number[]) => values.toSorted((a, b) => a - b)[count - 1]
  const lowMs = at(known.map((span) => span.lowMs))
  const highMs = at(known.map((span) => span.highMs))
  return lowMs === undefined || highMs === undefined ? null : { lowMs, highMs }
}

const quantile = (sorted: readonly number[], q: number): number => {
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? below
  return Math.round(below + (above - below) * (at - Math.floor(at)))
}
