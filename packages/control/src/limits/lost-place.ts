import type { AttemptRef, Stage, Stores } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { tellChange } from '../tell-change.ts'
import { releaseOf } from './release-held.ts'

/** A stage whose worker is gone may still run there. Until its own timeout has passed, which its worker keeps to even
 *  when it is cut off, it keeps its place under the limits (design §14). The database's clock. */
export const placeOfLost = async (
  { stores, killGraceMs }: { readonly stores: Stores; readonly killGraceMs: number },
  stage: Pick<Stage, 'repoId' | 'startedAt'>,
): Promise<number> => {
  const [repo, nowMs] = await Promise.all([stores.repos.find(stage.repoId), stores.now()])
  const endsAt = (stage.startedAt || nowMs) + (repo?.timeoutMinutes ?? 0) * 60_000
  return Math.max(nowMs, endsAt) + killGraceMs
}

/** Gives up the place of a stage that was lost with its worker, so that the next may go. `false`: it kept none.
 *  `reason`: for the log. */
export const freePlace = async (
  deps: ControlDeps,
  stage: Pick<Stage, 'id' | 'buildId'>,
  reason: string,
): Promise<boolean> => {
  const result = await deps.database.transaction(async (stores) => {
    const limitsOf = await stores.limits.lock({ stageId: stage.id })
    const locked = await stores.stages.lock(stage.id)
    if (!locked || locked.placeUntil === 0) return null
    await stores.stages.update(stage.id, { placeUntil: 0 })
    return { stage: locked, ...(await releaseOf(stores, limitsOf, [locked.name])) }
  })
  if (result === null) return false
  const fields = { 'build.id': stage.buildId, 'stage.id': stage.id, reason }
  deps.log.info('lost stage gave up its place under its limits', fields)
  tellChange(deps, result.stage)
  await deliverNow(deps, result.outbox, result.pending)
  return true
}

/** What a worker says of its machine: all attempts that are left there. Those that it lost and that are not among them
 *  are cleaned up. */
export const freeCleanedUp = async (
  deps: ControlDeps,
  workerId: string,
  left: readonly AttemptRef[],
): Promise<void> => {
  const isLeft = new Set(left.map(({ stageId, attempt }) => `${stageId}-${attempt}`))
  for (const stage of await deps.database.limits.listLostWith(workerId))
    if (!isLeft.has(`${stage.id}-${stage.attempt}`))
      await freePlace(deps, stage, 'its worker has cleaned up')
}

/** Attempts of which somebody removed what was left: it was found on the machine where they ran, whoever ran them. */
export const freeRemoved = async (
  deps: ControlDeps,
  removed: readonly AttemptRef[],
): Promise<void> => {
  const attempts = new Map(removed.map(({ stageId, attempt }) => [stageId, attempt]))
  for (const stage of await deps.database.stages.findMany([...attempts.keys()]))
    if (stage.placeUntil > 0 && stage.attempt === attempts.get(stage.id))
      await freePlace(deps, stage, 'what it left was removed')
}
