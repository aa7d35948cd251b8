import { conflict, failpoint, type Hook } from '@waggle/domain'
import type { PlannedStage, SkippedStage, StagePlan } from '@waggle/pipeline'
import { completeChangedFiles } from './changed-files.ts'
import type { ControlDeps } from './control-deps.ts'
import { deliverNow } from './deliver-outbox.ts'
import { hasSignature } from './has-signature.ts'
import { boundHook } from './new-build.ts'
import { readSource } from './read-source.ts'
import { type BuildPlan, findFirstBuild, storeBuild, storeSkip } from './store-build.ts'
import type { SubmitRequest, SubmitResult } from './submit-request.ts'
import { tellChange } from './tell-change.ts'
import { whyNoBuild } from './why-no-build.ts'

/** From a hook to a stored build whose first stages are offered (scheduling.md §3, §4). What the user did wrong, up
 *  to a repository that cannot be reached, becomes a build with status `error` and the reason; what asks for no build
 *  is skipped with the reason. Throws only when the system fails. */
export const submitBuild = async (
  deps: ControlDeps,
  request: SubmitRequest,
  signal?: AbortSignal,
): Promise<SubmitResult> => {
  const bounded = { ...request, hook: boundHook(request.hook) }
  const first = await findFirstBuild(deps, bounded)
  if (first) return { ...first, kind: 'built', isRepeat: true }
  const ignored = whyNoBuild(bounded.hook, bounded.repo)
  if (ignored !== null) return skip(deps, bounded, ignored)

  const { hook: completed, text, error } = await readSource(deps, bounded, signal)
  const { hook, plan } =
    error === null
      ? await planBuild(deps, { ...bounded, hook: completed }, text, signal)
      : { hook: completed, plan: errorPlan(error, text) }
  if (plan.kind === 'none') return skip(deps, bounded, plan.reason)

  const stored = await storeBuild(deps, { ...bounded, hook }, plan)
  if (stored === null) return repeatOf(deps, bounded)
  await failpoint('hook.committed')
  const { build, stages } = stored
  await deliverNow(deps, stored.outbox, stages)
  tellChange(deps, build)
  await failpoint('hook.queued')
  const log = deps.log.child({ 'build.id': build.id, 'build.number': build.number })
  log.info('build created', {
    'repo.slug': bounded.repo.slug,
    status: build.status,
    count: stages.length,
  })
  return { kind: 'built', build, stages, isRepeat: false }
}

/** Somebody else stored the same delivery between our look and our transaction. */
const repeatOf = async (deps: ControlDeps, request: SubmitRequest): Promise<SubmitResult> => {
  const first = await findFirstBuild(deps, request)
  if (!first) throw conflict('delivery_gone', 'the build of this delivery was deleted')
  return { ...first, kind: 'built', isRepeat: true }
}

const skip = async (
  deps: ControlDeps,
  request: SubmitRequest,
  reason: string,
): Promise<SubmitResult> => {
  await storeSkip(deps, request, reason)
  deps.log.info('hook built nothing', { 'repo.slug': request.repo.slug, reason })
  return { kind: 'skipped', reason }
}

/** Parses, looks up the changed files where the file asks for them, checks and plans. */
const planBuild = async (
  deps: ControlDeps,
  request: SubmitRequest,
  text: string,
  signal?: AbortSignal,
): Promise<{
  readonly hook: Hook
  readonly plan: BuildPlan | { readonly kind: 'none'; readonly reason: string }
}> => {
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

const planOf = (
  plan: StagePlan,
  text: string,
  isSigned: () => boolean,
): BuildPlan | { readonly kind: 'none'; readonly reason: string } => {
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
