export interface Growth {
  /** Processor time at twice the size by that at the size. */
  readonly ratio: number
  readonly ms: number
}

/** Makes one piece of work of size `n`, another one each time; what making it costs is not counted. */
export type Work = (n: number, run: number) => () => unknown

/** How the work grows when its input doubles: by the processor time of this thread for many runs at once (its clock may
 *  tick every 4 ms), the least of several tries, since whatever else happens on a machine only adds to it. A ratio above
 *  `most` is measured again, with more tries: noise goes, growth stays. A `most` of 2.6 tells n, and n log n, from n². */
export const growthOf = (work: Work, n: number, most: number): Growth => {
  const [few, fewer] = [runsOf(work, n), runsOf(work, 2 * n)]
  let once = Number.POSITIVE_INFINITY
  let twice = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    once = Math.min(once, costMs(work, n, few))
    twice = Math.min(twice, costMs(work, 2 * n, fewer))
    if (round > 0 && twice / once <= most) break
  }
  return { ratio: twice / once, ms: once }
}

const rounds = 8
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
