import type { OutboxRow, Stage, Stores } from '@waggle/domain'
import { offerMessage } from '../order/offer-message.ts'
import { standInLine } from '../order/stand-in-line.ts'
import { mayGo } from './may-go.ts'

/** Stages that may run now, and the promises to offer them. */
export interface Released {
  readonly pending: readonly Stage[]
  readonly outbox: readonly OutboxRow[]
}

const nothingReleased: Released = { pending: [], outbox: [] }

/** Lets those stages go that limits held back and hold back no longer, after stages of these names became pending,
 *  changed or ended. In the transaction that did it, under the lock of the repository's limits: whoever comes after
 *  sees what was counted here (scheduling.md §5.8). Asking again changes nothing. */
export const releaseHeld = async (
  stores: Stores,
  repoId: number,
  names: readonly string[],
): Promise<Released> => {
  const going = await goingNow(stores, repoId, new Set(names))
  if (going.length === 0) return nothingReleased
  const held = (await stores.stages.findMany(going)).toSorted((a, b) => a.id - b.id)
  const standings = await standInLine(stores, repoId, held)
  const pending: Stage[] = []
  for (const [index, { id }] of held.entries()) {
    const patch = { ...standings[index], isLimited: false }
    const stage = await stores.stages.update(id, patch, { status: 'pending', isLimited: true })
    if (stage) pending.push(stage)
  }
  return { pending, outbox: await stores.outbox.add(pending.map(offerMessage)) }
}

const goingNow = async (
  stores: Stores,
  repoId: number,
  names: ReadonlySet<string>,
): Promise<readonly number[]> => {
  const { limits } = stores
  const wide: { readonly name: string; readonly most: number }[] = []
  let throttle = 0
  for (const name of names) {
    const most = await limits.mostOfHeld(repoId, name)
    throttle = most.throttle
    if (most.limit > 0) wide.push({ name, most: most.limit })
  }
  if (throttle === 0 && wide.length === 0) return []
  const ofRepo = throttle > 0 ? await limits.list(repoId, null, throttle) : []
  const ofNames = []
  for (const { name, most } of wide) ofNames.push(await limits.list(repoId, name, most))
  const active =
    throttle === 0 && wide.length === 1
      ? await limits.listActive(repoId, wide[0]!.name)
      : await limits.listActive(repoId, null)
  return mayGo({ ofRepo, ofNames, active })
}

/** The same where `repoId` is what locking the limits gave: `null`, there are none. */
export const releaseOf = async (
  stores: Stores,
  repoId: number | null,
  names: readonly string[],
): Promise<Released> =>
  repoId === null || names.length === 0 ? nothingReleased : releaseHeld(stores, repoId, names)
