import type { Stage, Stores } from '@waggle/domain'
import { type Released, releaseOf } from '../limits/release-held.ts'
import { hasLimits } from '../limits/why-held.ts'
import { offerMessage } from './offer-message.ts'
import { type Standing, standAgain, standInLine } from './stand-in-line.ts'

/** Promises to offer a stage again whose attempt ended, at the place that it had; or lets its limits decide. It runs
 *  no longer, so others may go before it. Inside the transaction that made it pending, with the limits of its
 *  repository locked where it has some. */
export const standBack = (stores: Stores, stage: Stage): Promise<Released> =>
  stand(stores, stage, () => standAgain(stores, stage))

/** The same for a stage that may run for the first time: behind those of its repository that wait. */
export const standLast = (stores: Stores, stage: Stage): Promise<Released> =>
  stand(stores, stage, async () => (await standInLine(stores, stage.repoId, [stage]))[0])

const stand = async (
  stores: Stores,
  stage: Stage,
  find: () => Promise<Standing | undefined>,
): Promise<Released> => {
  const limitsOf = await stores.limits.lock({ repoId: stage.repoId })
  const released = await releaseOf(stores, limitsOf, [stage.name])
  if (hasLimits(stage)) return released
  const when = { status: 'pending', attempt: stage.attempt } as const
  const placed = await stores.stages.update(stage.id, (await find()) ?? {}, when)
  if (!placed) return released
  return {
    pending: [placed, ...released.pending],
    outbox: [...(await stores.outbox.add([offerMessage(placed)])), ...released.outbox],
  }
}
