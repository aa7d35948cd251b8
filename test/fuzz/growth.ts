export interface Growth {
  /** Processor time at twice the size by that at the size. */
  readonly ratio: number
  readonly ms: number
}

/** Makes one piece of work of size `n`, another one each time; what making it costs is not counted. */
export type Work = (n: number, run: number) => () => unknown

/** How the work grows when its input doubles: by the processor time of this thread for many runs at once (its clock may
 *  tick every 4 ms), the least of some tries. A ratio above `most` is measured anew, up to eight times, and the least one
 *  counts: a collection of garbage or a neighbour on the processor spoils one measurement, growth shows in all of them.
 *  A `most` of 2.6 tells n, and n log n, from n². */
export const growthOf = (work: Work, n: number, most: number): Growth => {
  const [few, fewer] = [runsOf(work, n), runsOf(work, 2 * n)]
  let best: Growth = { ratio: Number.POSITIVE_INFINITY, ms: 0 }
  for (let again = 0; again < measurements && best.ratio > most; again++) {
    const once = leastOf(() => costMs(work, n, few))
    const twice = leastOf(() => costMs(work, 2 * n, fewer))
    if (twice / once < best.ratio) best = { ratio: twice / once, ms: once }
  }
  return best
}

const measurements = 8
const tries = 2

const leastOf = (measure: () => number): number =>
  Math.min(...Array.from({ length: tries }, measure))

/** Ten ticks of the clock. */
const batchMs = 40
const mostRuns = 512

/** So many runs take long enough; a first one of each kind is slower than all others. */
const runsOf = (work: Work, n: number): number => {
  let runs = 1
  while (runs < mostRuns && costMs(work, n, runs) * runs < batchMs) runs *= 2
  return runs
}

let run = 0

/** Processor time of one of so many runs. */
export const costMs = (work: Work, n: number, runs: number): number => {
  const pieces = Array.from({ length: runs }, () => work(n, run++))
  const before = process.threadCpuUsage()
  for (const piece of pieces) piece()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000 / runs
}
