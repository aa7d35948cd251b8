import type { Build, OutboxRow, Stage, Stores } from '@waggle/domain'
import type { PlannedStage, SkippedStage } from '@waggle/pipeline'
import { offerMessage } from './advance-build.ts'
import type { ControlDeps } from './control-deps.ts'
import { FewAtOnce } from './few-at-once.ts'
import { isVerified, newBuild, newStage } from './new-build.ts'
import type { SubmitRequest } from './submit-request.ts'
import { cleanText, cutCodePoints } from './text-limits.ts'

/** What to store: stages, or the reason why there are none. `text` is the manifest that it came from. */
export type BuildPlan =
  | {
      readonly kind: 'stages'
      readonly stages: readonly PlannedStage[]
      readonly skipped: readonly SkippedStage[]
      readonly text: string
      /** Whether the text has the repository's signature; looked at only where it matters. */
      readonly isSigned: boolean
    }
  | { readonly kind: 'error'; readonly error: string; readonly text: string }

export interface StoredBuild {
  readonly build: Build
  readonly stages: readonly Stage[]
  readonly outbox: readonly OutboxRow[]
}

/** Builds of one repository wait for its row, to be numbered. Without this a burst of them would hold every connection
 *  of the pool while it waits, and nobody else would get one. (Several, so that SQLite can group their commits.) */
const submitting = new FewAtOnce(4)

const errorLimit = 4_000
const keyLimit = 250

/** Number, build, stages, delivery and the promise to offer, all in one transaction, so that numbers have no gap and
 *  nothing is half there. `null`: the same delivery has built already. */
export const storeBuild = async (
  deps: Pick<ControlDeps, 'database' | 'clock'>,
  request: SubmitRequest,
  plan: BuildPlan,
): Promise<StoredBuild | null> => {
  const { repo, hook, cloneUrl } = request
  const key = deliveryKey(request)
  const work = async (stores: Stores): Promise<StoredBuild | null> => {
    if (key !== '' && !(await stores.deliveries.claim(repo.id, key))) return null
    const number = await stores.repos.nextBuildNumber(repo.id)
    const error = plan.kind === 'error' ? cutCodePoints(cleanText(plan.error), errorLimit) : null
    const facts = { number, cloneUrl, error, nowMs: deps.clock.now() }
    // PostgreSQL takes no NUL in text; such a manifest has no stages anyway.
    const manifest = plan.text.toWellFormed().replaceAll('\u0000', '\ufffd')
    const build = await stores.builds.create(newBuild(repo, hook, facts), manifest, {
      changedFiles: hook.changedFiles,
      skipped: plan.kind === 'stages' ? plan.skipped : [],
    })
    const stages =
      plan.kind === 'error' ? [] : await createStages(stores, request, build, plan)
    const pending = stages.filter((stage) => stage.status === 'pending')
    const outbox = pending.length > 0 ? await stores.outbox.add(pending.map(offerMessage)) : []
    if (key !== '') await stores.deliveries.settle(repo.id, key, build.id, '')
    return { build, stages, outbox }
  }
  return submitting.run(repo.id, () => deps.database.transaction(work))
}

const createStages = (
  stores: Stores,
  { repo, hook }: SubmitRequest,
  build: Build,
  plan: Extract<BuildPlan, { kind: 'stages' }>,
): Promise<readonly Stage[]> => {
  const verified = isVerified(repo, hook, plan.isSigned)
  return stores.stages.create(plan.stages.map((stage) => newStage(repo, build.id, stage, verified)))
}

/** Keeps why a delivery built nothing, so that its sender can be told. */
export const storeSkip = async (
  deps: Pick<ControlDeps, 'database'>,
  request: SubmitRequest,
  reason: string,
): Promise<void> => {
  const key = deliveryKey(request)
  if (key === '') return
  await deps.database.transaction(async (stores) => {
    if (await stores.deliveries.claim(request.repo.id, key))
      await stores.deliveries.settle(request.repo.id, key, 0, cutCodePoints(reason, 2_000))
  })
}

/** The build that the same delivery made before. */
export const findFirstBuild = async (
  { database }: Pick<ControlDeps, 'database'>,
  request: SubmitRequest,
): Promise<{ readonly build: Build; readonly stages: readonly Stage[] } | null> => {
  const key = deliveryKey(request)
  if (key === '') return null
  const delivery = await database.deliveries.findByKey(request.repo.id, key)
  if (!delivery || delivery.buildId === 0) return null
  const build = await database.builds.find(delivery.buildId)
  return build && { build, stages: await database.stages.listByBuild(build.id) }
}

const deliveryKey = (request: SubmitRequest): string =>
  cutCodePoints(cleanText(request.deliveryKey ?? ''), keyLimit)
