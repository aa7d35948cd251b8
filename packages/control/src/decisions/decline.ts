import { type Build, invalid, notFound, type Stores } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { tellChange } from '../tell-change.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'
import { lockBlocked } from './approve.ts'

/** Refuses a blocked stage: it and the build are declined, and so is what else of the build waits for an approval or
 *  for its dependencies (scheduling.md §10). Throws `not_found`, and `invalid` unless the stage is blocked. */
export const declineStage = async (
  deps: ControlDeps,
  build: Pick<Build, 'id'>,
  stageNumber: number,
  by: string,
): Promise<void> => {
  const declined = await deps.database.transaction(async (stores) => {
    const { locked } = await lockBlocked(stores, build.id, stageNumber, 'decline a Pipeline')
    return endBuild(deps, stores, locked, by, deps.clock.now())
  })
  tell(deps, declined, by)
}

/** Refuses all stages of a build, or none: throws `invalid` unless each of them is blocked. */
export const declineBuild = async (
  deps: ControlDeps,
  build: Pick<Build, 'id'>,
  by: string,
): Promise<void> => {
  const declined = await deps.database.transaction(async (stores) => {
    const locked = await stores.builds.lock(build.id)
    if (!locked) throw notFound('build_not_found', 'Build not found')
    const stages = await stores.stages.outline(build.id)
    const other = stages.find((stage) => stage.status !== 'blocked')
    if (other)
      throw invalid('not_blocked', `Cannot decline a Pipeline with Status "${other.status}"`)
    if (stages.length === 0) throw invalid('not_blocked', 'The build has no stages to decline')
    return endBuild(deps, stores, locked, by, deps.clock.now())
  })
  tell(deps, declined, by)
}

const endBuild = async (
  deps: Pick<ControlDeps, 'webhooks'>,
  stores: Stores,
  build: Build,
  by: string,
  nowMs: number,
): Promise<Build> => {
  await promiseBuildUpdate(deps, stores, { repoId: build.repoId, buildId: build.id })
  for (const { id, status } of await stores.stages.outline(build.id))
    if (status === 'blocked' || status === 'waiting_on_dependencies')
      await stores.stages.update(id, { status: 'declined', stoppedAt: nowMs }, { status })
  const finishedAt = Math.max(nowMs, build.startedAt)
  await stores.builds.decide(build.id, { endedBy: by, endReason: 'declined' })
  return (await stores.builds.update(build.id, { status: 'declined', finishedAt })) ?? build
}

const tell = (deps: ControlDeps, build: Build, by: string): void => {
  deps.log.info('build declined', { 'build.id': build.id, reason: `by ${by}` })
  tellChange(deps, build)
}
