import { isWaggleError } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { failureReason } from './record-delivery.ts'
import { redeliver, workWithinMs } from './redeliver.ts'

const mostAtOnce = 20

/** Takes up deliveries that were stored and whose process went away before it decided, so that a webhook that was
 *  answered is not lost. Gives how many it took. */
export const resumeDeliveries = async (deps: ControlDeps): Promise<number> => {
  const { database, log } = deps
  const stuck = await database.deliveries.listStuck(workWithinMs, mostAtOnce)
  for (const { id, repoId, key } of stuck) {
    const [repo, delivery] = await Promise.all([
      database.repos.find(repoId),
      database.deliveries.find(repoId, id),
    ])
    if (!repo || !delivery) continue
    try {
      await redeliver(deps, repo, delivery, AbortSignal.timeout(workWithinMs))
      log.info('delivery taken up again', { 'repo.slug': repo.slug, name: String(id) })
    } catch (err) {
      if (isWaggleError(err, 'unavailable')) throw err
      log.warn('delivery cannot be taken up again', {
        'repo.slug': repo.slug,
        name: String(id),
        err,
      })
      await database.deliveries.settle(repoId, key, {
        outcome: 'failed',
        reason: failureReason(err),
      })
    }
  }
  return stuck.length
}
