import type { LimitNeighbour } from '@waggle/domain'
import { isActive } from './why-held.ts'

/** What is known of the stages that count: the first ones by id of all of them, and of each name that matters. What
 *  is not among the first cannot go, as long as they are as many as the largest limit. */
export interface CountedStages {
  readonly ofRepo: readonly LimitNeighbour[]
  readonly ofNames: readonly (readonly LimitNeighbour[])[]
  /** Those of the same names that are active, wherever they stand. */
  readonly active: readonly LimitNeighbour[]
}

/** Which of the stages that were held back may go now, by id. The same rule as `whyHeld`, but at the cost of one walk
 *  through the list and not one for each stage. */
export const mayGo = ({ ofRepo, ofNames, active }: CountedStages): readonly number[] => {
  const going = new Set(walk(ofRepo, active, true))
  for (const ofName of ofNames) for (const id of walk(ofName, active, false)) going.add(id)
  return [...going].toSorted((a, b) => a - b)
}

/** `isOfAll`: no stage of the repository is left out before the last of the list, so the throttle can be judged. */
const walk = (
  stages: readonly LimitNeighbour[],
  active: readonly LimitNeighbour[],
  isOfAll: boolean,
): readonly number[] => {
  const elders = new Counts()
  const younger = new Counts()
  for (const stage of active) younger.add(stage.name, 1)
  const going: number[] = []
  let total = 0
  for (const stage of stages) {
    if (isActive(stage)) younger.add(stage.name, -1)
    const { name, limit, throttle } = stage
    const isInLimit = limit <= 0 || elders.of(name) + younger.of(name) < limit
    const isInThrottle = throttle <= 0 || (isOfAll && total < throttle)
    if (stage.isLimited && isInLimit && isInThrottle) going.push(stage.id)
    elders.add(name, 1)
    total += 1
  }
  return going
}

class Counts {
  readonly #counts = new Map<string, number>()
  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }
  add(name: string, count: number): void {
    this.#counts.set(name, this.of(name) + count)
  }
}
