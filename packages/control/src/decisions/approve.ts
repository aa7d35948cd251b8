import { type Build, invalid, notFound, type Stage, type Stores } from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { standLast } from '../order/stand-back.ts'
import { tellChange } from '../tell-change.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'

/** Lets a blocked stage go on: it waits while a dependency is not done, else it runs, or is skipped as it would have
 *  been (pipeline.md §11.5, rule X11; scheduling.md §10). `by`: who approved, for the log. Throws `not_found`, and
 *  `invalid` unless the stage is blocked. */
export const approveStage = async (
  deps: ControlDeps,
  build: Pick<Build, 'id'>,
  stageNumber: number,
  by: string,
): Promise<void> => {
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores, atEnd) => {
    await stores.limits.lock({ buildId: build.id })
    const { locked, stage } = await lockBlocked(stores, build.id, stageNumber, 'approve a Pipeline')
    const status = stage.dependsOn.length > 0 ? 'waiting_on_dependencies' : 'pending'
    const approved = await stores.stages.update(stage.id, { status }, { status: 'blocked' })
    const stages = await stores.stages.outline(build.id)
    // With the last one all of the file is approved for this head commit (threats.md T-01).
    if (!stages.some((other) => other.status === 'blocked'))
      await stores.builds.decide(build.id, { approvedBy: by })
    if (approved && status === 'pending') {
      const offered = await standLast(stores, approved)
      return { stageId: stage.id, build: locked, ...offered }
    }
    const advance = await advanceBuild(stores, locked, nowMs, atEnd)
    if (advance.build !== locked)
      await promiseBuildUpdate(deps, stores, { repoId: locked.repoId, buildId: locked.id }, atEnd)
    return { stageId: stage.id, ...advance }
  })
  deps.log.info('stage approved', {
    'build.id': build.id,
    'stage.id': result.stageId,
    reason: `by ${by}`,
  })
  tellChange(deps, result.build)
  await deliverNow(deps, result.outbox, result.pending)
}

/** Build and stage, both locked. */
export const lockBlocked = async (
  stores: Stores,
  buildId: number,
  stageNumber: number,
  what: string,
): Promise<{ readonly locked: Build; readonly stage: Stage }> => {
  const locked = await stores.builds.lock(buildId)
  if (!locked) throw notFound('build_not_found', 'Build not found')
  const outline = await stores.stages.outline(buildId)
  const id = outline.find((stage) => stage.number === stageNumber)?.id
  const stage = id === undefined ? null : await stores.stages.lock(id)
  if (!stage) throw notFound('stage_not_found', 'Stage not found')
  if (stage.status !== 'blocked')
    throw invalid('not_blocked', `Cannot ${what} with Status "${stage.status}"`)
  return { locked, stage }
}
