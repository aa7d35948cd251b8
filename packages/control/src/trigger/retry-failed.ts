import { type Build, invalid, isDone, type Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { hookOf, manifestOf, type Restart, refuseGated } from './copy-request.ts'
import { createBuild } from './create-build.ts'
import { stagesToRerun } from './keep-passed.ts'
import { endDelivery, openSubmission, withDelivery } from './record-delivery.ts'
import { restarted } from './restart.ts'
import type { SubmitResult } from './submit-request.ts'
import { whyNoBuild } from './why-no-build.ts'

/** A new build of the stages of an old one, from the same pipeline file: what passed keeps its result, and only what
 *  did not, with all that depends on it, runs. Throws `invalid` while the old build is not over, where it waits for an
 *  approval or was declined, and where nothing of it failed; `conflict` where its file is gone. */
export const retryFailed = async (
  deps: ControlDeps,
  repo: Repo,
  build: Build,
  restart: Restart,
): Promise<SubmitResult> => {
  const { database } = deps
  await refuseGated(deps, build)
  if (!isDone(build.status))
    throw invalid('build_not_over', 'cannot retry the failed stages of a build that is not over')
  const stages = await database.stages.listByBuild(build.id)
  if (stages.length === 0)
    throw invalid('no_stages', 'the build has no stages: restart it as a whole')
  if (stagesToRerun(stages).size === 0)
    throw invalid('nothing_failed', 'all stages of the build passed: restart it as a whole')
  const [plan, text] = await Promise.all([
    database.builds.findPlan(build.id),
    manifestOf(deps, build),
  ])
  const { deliveryKey } = restart
  const opened = openSubmission(deps, {
    repo,
    hook: restarted(hookOf(build, plan), build, restart),
    cloneUrl: build.cloneUrl,
    manifest: plan?.isText ? { text } : 'fetch',
    resolve: false,
    ...(deliveryKey === undefined ? {} : { deliveryKey }),
  })
  // Delivered again it would be a restart of everything.
  const submission = { ...opened, delivery: { ...opened.delivery, requestSealed: null } }
  const reason = whyNoBuild(submission.hook, repo)
  if (reason !== null) {
    await endDelivery(deps, submission, { outcome: 'skipped', reason })
    return { kind: 'skipped', reason }
  }
  const skipped = plan?.skipped ?? []
  return withDelivery(deps, submission, () =>
    createBuild(deps, submission, { kind: 'again', stages, skipped, text }),
  )
}
