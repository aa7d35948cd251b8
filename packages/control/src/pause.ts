import { randomUUID } from 'node:crypto'
import type { ControlDeps } from './control-deps.ts'
import { forgetPause } from './is-paused.ts'
import { offerAfterLoss } from './reconcile.ts'

/** From now on nothing is offered, and offers already in a queue are refused at accept. What runs goes on. */
export const pauseQueue = async ({ database }: Pick<ControlDeps, 'database'>): Promise<void> => {
  await database.settings.set('queue_paused', 'true')
  forgetPause(database)
}

/** Offers everything again. The new epoch makes the reconciler do it, should this process die half-way. */
export const resumeQueue = async (
  deps: Pick<ControlDeps, 'database' | 'offers' | 'log'>,
): Promise<void> => {
  await deps.database.transaction(async (stores) => {
    await stores.settings.set('queue_epoch', randomUUID())
    await stores.settings.set('queue_paused', 'false')
  })
  forgetPause(deps.database)
  try {
    await offerAfterLoss(deps)
  } catch (err) {
    deps.log.warn('offering after resume failed, the reconciler goes on', { err })
  }
}
