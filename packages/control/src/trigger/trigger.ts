import type { Hook } from '@waggle/domain'
import type { PlannedStage, SkippedStage, StagePlan } from '@waggle/pipeline'
import type { ControlDeps } from '../control-deps.ts'
import { validateManifest } from '../extensions/validate-manifest.ts'
import type { BuildPlan } from './build-plan.ts'
import { completeChangedFiles } from './changed-files.ts'
import { answerRepeat, createBuild } from './create-build.ts'
import { hasSignature } from './has-signature.ts'
import { readSource } from './read-source.ts'
import { endDelivery, openSubmission, type Submission, withDelivery } from './record-delivery.ts'
import { findFirstBuild } from './store-build.ts'
import type { SubmitRequest, SubmitResult } from './submit-request.ts'
import { whyNoBuild } from './why-no-build.ts'

/** From a hook to a stored build whose first stages are offered (scheduling.md §3, §4). What the user did wrong, up
 *  to a repository that cannot be reached, becomes a build with status `error` and the reason; what asks for no build,
 *  also a commit without a pipeline file, is skipped with the reason. Either is kept as the end of the delivery. Throws only when the system fails. */
export const submitBuild = async (
  deps: ControlDeps,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  const submission = openSubmission(deps, request)
  const first = await findFirstBuild(deps, submission)
  if (first) return answerRepeat(deps, submission, first)
  const ignored = whyNoBuild(submission.hook, submission.repo)
  if (ignored !== null) return skip(deps, submission, ignored)
  return withDelivery(deps, submission, async () => {
    const { hook, plan } = await readPlan(deps, submission, signal)
    if (plan.kind === 'none') return skip(deps, submission, plan.reason)
    return createBuild(deps, { ...submission, hook }, plan)
  })
}

type Decided = {
  readonly hook: Hook
  readonly plan: BuildPlan | { readonly kind: 'none'; readonly reason: string }
}

const readPlan = async (
  deps: ControlDeps,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<Decided> => {
  const { hook, text, error, hasNoFile } = await readSource(deps, request, signal)
  if (error !== null && hasNoFile) return { hook, plan: { kind: 'none', reason: error } }
  if (error !== null) return { hook, plan: errorPlan(error, text) }
  const verdict = await validateManifest(deps, request, { hook, text }, signal)
  if (verdict.kind === 'error') return { hook, plan: errorPlan(verdict.message, text) }
  if (verdict.kind === 'skip')
    return { hook, plan: { kind: 'none', reason: `validation extension: ${verdict.reason}` } }
  const { plan, ...decided } = await planBuild(deps, { ...request, hook }, text, signal)
  const isBlocked = verdict.kind === 'block'
  return { ...decided, plan: plan.kind === 'stages' ? { ...plan, isBlocked } : plan }
}

const skip = async (
  deps: ControlDeps,
  submission: Submission,
  reason: string,
): Promise<SubmitResult> => {
  await endDelivery(deps, submission, { outcome: 'skipped', reason })
  deps.log.info('hook built nothing', { 'repo.slug': submission.repo.slug, reason })
  return { kind: 'skipped', reason }
}

/** Parses, looks up the changed files where the file asks for them, checks and plans. */
const planBuild = async (
  deps: ControlDeps,
  request: SubmitRequest,
  text: string,
  signal?: AbortSignal,
): Promise<Decided> => {
  if (text.trim() === '')
    return { hook: request.hook, plan: errorPlan('configuration: the manifest is empty', text) }
  const { slug, throttle } = request.repo
  const ask = (hook: Hook) => deps.manifests.plan({ text, hook, repo: { slug, throttle } })
  const { plan, readsPaths } = await ask(request.hook)
  const hook = await completeChangedFiles(deps, request, request.hook, readsPaths, signal)
  const isSigned = () => hasSignature(deps, request, text)
  const final = hook === request.hook ? plan : (await ask(hook)).plan
  return { hook, plan: planOf(final, text, isSigned) }
}

const planOf = (plan: StagePlan, text: string, isSigned: () => boolean): Decided['plan'] => {
  switch (plan.kind) {
    case 'stages': {
      const strange = plan.stages.find(holdsNul)
      if (strange)
        return errorPlan(`linter: pipeline ${strange.number} has a NUL character in it`, text)
      const { stages, skipped } = plan
      return { kind: 'stages', stages, skipped, text, isSigned: isSigned() }
    }
    case 'none':
      return { kind: 'none', reason: describeSkipped(plan.skipped) }
    case 'error':
      return errorPlan(plan.message, text)
    default:
      return plan satisfies never
  }
}

/** PostgreSQL takes no NUL in text, and no name needs one. */
const holdsNul = (stage: PlannedStage): boolean =>
  [
    ...[stage.name, stage.kind, stage.type, stage.os, stage.arch, stage.variant, stage.kernel],
    ...Object.entries(stage.labels).flat(),
    ...stage.dependsOn,
  ].some((text) => text.includes('\u0000'))

const errorPlan = (error: string, text: string): BuildPlan => ({ kind: 'error', error, text })

const mostReasons = 20

const describeSkipped = (skipped: readonly SkippedStage[]): string => {
  const reasons = skipped.slice(0, mostReasons).map(({ name, reason }) => `${name}: ${reason}`)
  const more = skipped.length > mostReasons ? [`and ${skipped.length - mostReasons} more`] : []
  return ['no pipeline matches', ...reasons, ...more].join('; ')
}
