import { conflict, type Delivery, type Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { openRequest } from './record-delivery.ts'
import type { SubmitResult } from './submit-request.ts'
import { submitBuild } from './trigger.ts'

/** How long a delivery may be worked on before somebody else may take it. */
export const workWithinMs = 5 * 60_000

/** Evaluates a delivery again, with the repository as it is now. One that built is answered with its build; when that
 *  was deleted, it builds anew. Throws `conflict` where its request was not kept, or while somebody works on it. */
export const redeliver = async (
  deps: ControlDeps,
  repo: Repo,
  delivery: Delivery,
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  const { database } = deps
  if (delivery.buildId !== 0) {
    const build = await database.builds.find(delivery.buildId)
    if (build)
      return {
        kind: 'built',
        build,
        stages: await database.stages.listByBuild(build.id),
        isRepeat: true,
      }
    await database.deliveries.reopen(repo.id, delivery.id, delivery.buildId)
  }
  if (delivery.outcome === 'working' && delivery.updatedAt > (await database.now()) - workWithinMs)
    throw conflict('delivery_in_work', 'the delivery is being worked on')
  return evaluateAgain(deps, repo, delivery, signal)
}

/** The same, of a delivery that has no build and that nobody works on. */
export const evaluateAgain = (
  deps: ControlDeps,
  repo: Repo,
  delivery: Delivery,
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  const kept = openRequest(deps.sealer, delivery)
  if (kept === null)
    throw conflict(
      'delivery_not_kept',
      'the request of this delivery was not kept: it was refused, or is too long',
    )
  const body = { hash: delivery.bodyHash, sizeBytes: delivery.bodyBytes }
  return submitBuild(deps, { ...kept, repo, body, deliveryKey: delivery.key }, signal)
}
