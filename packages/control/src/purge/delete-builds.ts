import { setImmediate as breathe } from 'node:timers/promises'
import type { ControlDeps } from '../control-deps.ts'

export type PurgeDeps = Pick<ControlDeps, 'database' | 'clock' | 'log'>

/** Builds of one transaction: each may have hundreds of stages. */
export const buildsAtOnce = 5
/** A piece of lines may hold megabytes. */
const segmentsAtOnce = 16

/** Deletes builds that are over, lines first: each piece is a short transaction of its own, for on SQLite everybody else
 *  waits for it, and after each the others get as much time as it took. Gives how many were deleted. */
export const deleteBuilds = async (
  deps: PurgeDeps,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<number> => {
  if (!(await deleteLines(deps, ids, signal))) return 0
  return inTurn(deps, () => deps.database.purge.deleteBuilds(ids))
}

/** Deletes the lines of builds that are over; the builds stay. `false`: it was broken off. */
export const deleteLogs = async (
  deps: PurgeDeps,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<boolean> => {
  if (!(await deleteLines(deps, ids, signal))) return false
  await inTurn(deps, () =>
    deps.database.transaction(async (stores) => {
      await stores.purge.closeLogs(ids)
    }),
  )
  return true
}

const deleteLines = async (
  deps: PurgeDeps,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<boolean> => {
  for (;;) {
    if (signal?.aborted) return false
    const count = await inTurn(deps, () => deps.database.purge.deleteSegments(ids, segmentsAtOnce))
    if (count < segmentsAtOnce) return true
  }
}

const longestPauseMs = 1_000

/** One piece of work, and then a pause as long as it took. */
export const inTurn = async <T>(
  { clock }: Pick<ControlDeps, 'clock'>,
  work: () => Promise<T>,
): Promise<T> => {
  const before = clock.monotonic()
  const result = await work()
  const tookMs = clock.monotonic() - before
  if (tookMs < 1) await breathe()
  else await clock.sleep(Math.min(tookMs, longestPauseMs))
  return result
}
