import { type Build, conflict, failpoint, type Stage } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { tellChange } from '../tell-change.ts'
import { autoCancel } from './auto-cancel.ts'
import type { BuildPlan } from './build-plan.ts'
import { endDelivery, type Submission } from './record-delivery.ts'
import { findFirstBuild, storeBuild } from './store-build.ts'
import type { SubmitResult } from './submit-request.ts'

/** Stores a build and does what follows from it, in the order of scheduling.md §4.5: stages are offered right after the
 *  commit, whatever is told to others comes later. */
export const createBuild = async (
  deps: ControlDeps,
  submission: Submission,
  plan: BuildPlan,
): Promise<SubmitResult> => {
  const { repo } = submission
  const stored = await storeBuild(deps, submission, plan)
  if (stored === null) return repeatOf(deps, submission)
  await failpoint('hook.committed')
  const { build, stages } = stored
  await deliverNow(deps, stored.outbox, stages)
  tellChange(deps, build)
  await failpoint('hook.queued')
  const log = deps.log.child({ 'build.id': build.id, 'build.number': build.number })
  const count = stages.length
  log.info('build created', { 'repo.slug': repo.slug, status: build.status, count })
  if (plan.kind !== 'error') await autoCancel(deps, repo, build)
  return { kind: 'built', build, stages, isRepeat: false }
}

/** Somebody else stored the same delivery between our look and our transaction, or stored it long ago. */
const repeatOf = async (deps: ControlDeps, submission: Submission): Promise<SubmitResult> => {
  const first = await findFirstBuild(deps, submission)
  if (first) return answerRepeat(deps, submission, first)
  throw conflict(
    'delivery_gone',
    'the build of this delivery was deleted; deliver it again by its id to build it anew',
  )
}

/** The answer to a delivery that has a build already, its own or that of another one that says the same. */
export const answerRepeat = async (
  deps: Pick<ControlDeps, 'database'>,
  submission: Submission,
  first: { readonly build: Build; readonly stages: readonly Stage[] },
): Promise<SubmitResult> => {
  const { id: buildId, number: buildNumber } = first.build
  await endDelivery(deps, submission, { outcome: 'repeated', buildId, buildNumber })
  return { ...first, kind: 'built', isRepeat: true }
}
