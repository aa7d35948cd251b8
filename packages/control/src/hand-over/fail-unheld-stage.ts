import type { Stage } from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import type { ControlDeps, TellDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { tellChange } from '../tell-change.ts'
import { errorText } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'

/** Ends a pending stage that nobody holds and that can never run. Nothing happens where somebody took it meanwhile. */
export const failUnheldStage = async (
  deps: TellDeps & Pick<ControlDeps, 'clock'>,
  stage: Stage,
  reason: string,
): Promise<void> => {
  const nowMs = deps.clock.now()
  const advance = await deps.database.transaction(async (stores, atEnd) => {
    const limitsOf = await stores.limits.lock({ repoId: stage.repoId })
    const build = await stores.builds.lock(stage.buildId)
    const failed = await stores.stages.update(
      stage.id,
      { status: 'error', error: errorText(reason), startedAt: nowMs, stoppedAt: nowMs },
      { status: 'pending', isHeld: false, attempt: stage.attempt },
    )
    const freed = { limitsOf, names: [stage.name] }
    if (build && failed) await promiseBuildUpdate(deps, stores, stage, atEnd)
    return build && failed && advanceBuild(stores, build, nowMs, atEnd, freed)
  })
  if (!advance) return
  deps.log.warn('stage can never run', {
    'build.id': stage.buildId,
    'stage.id': stage.id,
    reason,
  })
  await deliverNow(deps, advance.outbox, advance.pending)
  tellChange(deps, advance.build)
}
