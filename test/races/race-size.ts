/** Whether all races are run, and not a tenth of them. */
export const isWhole = process.env['WAGGLE_TEST_RACES'] === 'whole'

/** How many races a suite runs: a tenth of what reliability.md D.3 asks for, and all of them with
 *  `WAGGLE_TEST_RACES=whole`. PostgreSQL and SQLite share the tenth, for what differs between them is tested by both. */
export const raceSize = (whole: number): number => Math.ceil(whole / (isWhole ? 1 : 10))

export const raceTimeoutMs = isWhole ? 3_600_000 : 300_000

/** Races in rounds of some at once: each round is prepared before its races start. */
export const inRounds = async (
  count: number,
  width: number,
  round: (size: number, from: number) => Promise<void>,
): Promise<void> => {
  for (let from = 0; from < count; from += width) await round(Math.min(width, count - from), from)
}

/** Starts all of them in one turn of the event loop, in an order that differs from race to race. */
export const startTogether = <T>(
  turn: number,
  starts: readonly (() => Promise<T>)[],
): Promise<readonly T[]> => {
  const order = starts.map((_, index) => (index + turn) % starts.length)
  const started = new Map(order.map((index) => [index, starts[index]?.()] as const))
  return Promise.all(starts.map((_, index) => started.get(index) as Promise<T>))
}
