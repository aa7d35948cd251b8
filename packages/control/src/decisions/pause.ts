import { randomUUID } from 'node:crypto'
import type { ControlDeps } from '../control-deps.ts'
import { offerAfterLoss } from '../offers/reconcile.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { forgetPause } from './is-paused.ts'

/** From now on nothing is offered, and offers already in a queue are refused at accept. What runs goes on. `by`: who
 *  wants it; of several the first is kept. */
export const pauseQueue = async (
  { database }: Pick<ControlDeps, 'database'>,
  by = '',
): Promise<void> => {
  await database.transaction(async (stores) => {
    if ((await stores.settings.get('queue_paused')) === 'true') return
    const pause: QueuePause = { by: cutCodePoints(cleanText(by), 200), since: await stores.now() }
    await stores.settings.set('queue_paused_by', JSON.stringify(pause))
    await stores.settings.set('queue_paused', 'true')
  })
  forgetPause(database)
}

/** Who paused the queue, and when by the database's clock. */
export interface QueuePause {
  readonly by: string
  readonly since: number
}

/** What is known of the pause that holds now; 0 and empty where nothing is, as after an upgrade. */
export const queuePause = async ({
  database,
}: Pick<ControlDeps, 'database'>): Promise<QueuePause> => {
  const text = await database.settings.get('queue_paused_by')
  // Written by this very file: its shape is known.
  return text === null || text === '' ? { by: '', since: 0 } : (JSON.parse(text) as QueuePause)
}

/** Offers everything again. The new epoch makes the reconciler do it, should this process die half-way. */
export const resumeQueue = async (
  deps: Pick<ControlDeps, 'database' | 'offers' | 'log'>,
): Promise<void> => {
  await deps.database.transaction(async (stores) => {
    await stores.settings.set('queue_epoch', randomUUID())
    await stores.settings.set('queue_paused', 'false')
    await stores.settings.set('queue_paused_by', '')
  })
  forgetPause(deps.database)
  try {
    await offerAfterLoss(deps)
  } catch (err) {
    deps.log.warn('offering after resume failed, the reconciler goes on', { err })
  }
}
