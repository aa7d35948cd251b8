import { isWaggleError } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { failureReason } from './record-delivery.ts'
import { evaluateAgain, workWithinMs } from './redeliver.ts'

const mostAtOnce = 20
// Whoever works on it gives up after its time; what it then stores must not meet us.
const marginMs = 60_000

/** Takes up deliveries that were stored and whose process went away before it decided, so that a webhook that was
 *  answered is not lost. Gives how many it took. */
export const resumeDeliveries = async (
  deps: ControlDeps,
  stuckMs = workWithinMs + marginMs,
): Promise<number> => {
  const { database, log } = deps
  const stuck = await database.deliveries.listStuck(stuckMs, mostAtOnce)
  for (const { id, repoId, key } of stuck) {
    const [repo, delivery] = await Promise.all([
      database.repos.find(repoId),
      database.deliveries.find(repoId, id),
    ])
    if (!repo || !delivery) continue
    try {
      await evaluateAgain(deps, repo, delivery, AbortSignal.timeout(workWithinMs))
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
