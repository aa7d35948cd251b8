import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps, TellDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { tellChange } from '../tell-change.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'

/** Closes an open build of which nothing can run any more: by its rules as far as they go, else in `error` with the
 *  stages that wait skipped. Gives whether it was closed or went on. */
export const endStanding = async (
  deps: TellDeps & Pick<ControlDeps, 'clock'>,
  buildId: number,
): Promise<boolean> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores, atEnd) => {
    const limitsOf = await stores.limits.lock({ buildId })
    const build = await stores.builds.lock(buildId)
    if (!build) return null
    const advance = await advanceBuild(stores, build, nowMs, atEnd, { limitsOf, names: [] })
    const promise = () => promiseBuildUpdate(deps, stores, { repoId: build.repoId, buildId })
    if (advance.build !== build) await promise()
    if (advance.build !== build || advance.pending.length > 0) return advance
    const { hasOpen } = await stores.stages.progress(buildId)
    if (hasOpen) return null
    const times = { startedAt: nowMs, stoppedAt: nowMs }
    for (const { id, status } of await stores.stages.listByBuild(buildId))
      if (status === 'waiting_on_dependencies')
        await stores.stages.update(id, { status: 'skipped', ...times }, { status })
    const end = {
      status: 'error',
      error: 'nothing of it could run any more',
      startedAt: build.startedAt || nowMs,
      finishedAt: Math.max(nowMs, build.startedAt),
    } as const
    await promise()
    const closed = await stores.builds.update(buildId, end)
    return closed && { build: closed, pending: [], outbox: [] }
  })
  if (!result) return false
  deps.log.warn('build that stood still was closed', {
    'build.id': buildId,
    status: result.build.status,
  })
  tellChange(deps, result.build)
  await deliverNow(deps, result.outbox, result.pending)
  return true
}
