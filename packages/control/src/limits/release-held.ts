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
  const when = { status: 'pending', isLimited: true } as const
  // Asked for at once: all statements in one packet.
  const released = await Promise.all(
    held.map(({ id }, i) => stores.stages.update(id, { ...standings[i], isLimited: false }, when)),
  )
  const pending = released.filter((stage) => stage !== null)
  return { pending, outbox: await stores.outbox.add(pending.map(offerMessage)) }
}

const goingNow = async (
  stores: Stores,
  repoId: number,
  names: ReadonlySet<string>,
): Promise<readonly number[]> => {
  const { limits } = stores
  const mosts = await Promise.all(
    [...names].map(async (name) => ({ name, ...(await limits.mostOfHeld(repoId, name)) })),
  )
  const throttle = mosts[0]?.throttle ?? 0
  const wide = mosts.filter(({ limit }) => limit > 0)
  if (throttle === 0 && wide.length === 0) return []
  const single = throttle === 0 && wide.length === 1 ? (wide[0]?.name ?? null) : null
  const [ofRepo, active, ...ofNames] = await Promise.all([
    throttle > 0 ? limits.list(repoId, null, throttle) : [],
    limits.listActive(repoId, single),
    ...wide.map(({ name, limit }) => limits.list(repoId, name, limit)),
  ])
  return mayGo({ ofRepo, ofNames, active })
}

/** The same where `repoId` is what locking the limits gave: `null`, there are none. */
export const releaseOf = async (
  stores: Stores,
  repoId: number | null,
  names: readonly string[],
): Promise<Released> =>
  repoId === null || names.length === 0 ? nothingReleased : releaseHeld(stores, repoId, names)
