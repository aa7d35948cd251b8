import type { LimitNeighbour, Stage } from '@waggle/domain'

/** What of a stage its limits look at. */
export type LimitedStage = Pick<Stage, 'id' | 'name' | 'limit' | 'throttle'>

/** What holds a pending stage back, and by whom. `by`: those that count, by id. */
export type Hold =
  | { readonly kind: 'paused' }
  | { readonly kind: 'limit'; readonly limit: number; readonly by: readonly LimitNeighbour[] }
  | { readonly kind: 'throttle'; readonly throttle: number; readonly by: readonly LimitNeighbour[] }

/** Why a pending stage may not be offered or accepted now; empty = it may. `neighbours`: the stages of its repository
 *  that are incomplete or keep a place, in any order; the stage itself does not count. Pure: dispatch, accept and "why
 *  is it pending" ask this one function (scheduling.md §5.3, §5.4, §5.7). */
export const whyHeld = (
  stage: LimitedStage,
  neighbours: readonly LimitNeighbour[],
  queue: { readonly isQueuePaused: boolean } = { isQueuePaused: false },
): readonly Hold[] => {
  const holds: Hold[] = queue.isQueuePaused ? [{ kind: 'paused' }] : []
  const { limit, throttle } = stage
  if (limit > 0) {
    const by = neighbours.filter((other) => countsForLimit(other, stage))
    if (by.length >= limit) holds.push({ kind: 'limit', limit, by: byId(by) })
  }
  if (throttle > 0) {
    const by = neighbours.filter((other) => countsForThrottle(other, stage))
    if (by.length >= throttle) holds.push({ kind: 'throttle', throttle, by: byId(by) })
  }
  return holds
}

/** Whether limits have a say in when the stage may go. 0 is no limit, and so is less (pipeline.md §11.7). */
export const hasLimits = ({ limit, throttle }: Pick<Stage, 'limit' | 'throttle'>): boolean =>
  limit > 0 || throttle > 0

/** The elders of the same name, also those that nobody can serve now (quirk S8), and whoever of it runs already. */
const countsForLimit = (other: LimitNeighbour, stage: LimitedStage): boolean =>
  other.name === stage.name && other.id !== stage.id && (other.id < stage.id || isActive(other))

/** The elders of any name; what is younger does not count, even where it runs (quirk S9). */
const countsForThrottle = (other: LimitNeighbour, stage: LimitedStage): boolean =>
  other.id < stage.id

/** It runs, or is about to, or may still run: accepted, being cancelled, or lost with its worker. */
export const isActive = (
  stage: Pick<LimitNeighbour, 'status' | 'isHeld' | 'keepsPlace'>,
): boolean => stage.status === 'running' || stage.isHeld || stage.keepsPlace

const byId = (stages: readonly LimitNeighbour[]): readonly LimitNeighbour[] =>
  stages.toSorted((a, b) => a.id - b.id)
