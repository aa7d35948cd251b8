import {
  type AtEnd,
  type Build,
  latestKeyOf,
  type OutboxRow,
  type Stage,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { warnUnserved } from '../explain/warn-unserved.ts'
import { FewAtOnce } from '../few-at-once.ts'
import { capPartitions } from '../offers/cap-partitions.ts'
import { storeStages } from '../order/store-stages.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { promiseStatus } from '../webhooks/commit-statuses.ts'
import { promiseWebhooks } from '../webhooks/promise-webhooks.ts'
import type { BuildPlan } from './build-plan.ts'
import { isApproved } from './is-approved.ts'
import { createKeptStages } from './keep-passed.ts'
import { isVerified, newBuild, newStage } from './new-build.ts'
import { deliveryKeepMs, type Submission, sameContentMs } from './record-delivery.ts'

export interface StoredBuild {
  readonly build: Build
  readonly stages: readonly Stage[]
  readonly outbox: readonly OutboxRow[]
}

/** Builds of one repository wait for its row, to be numbered. Without this a burst of them would hold every connection
 *  of the pool while it waits, and nobody else would get one. (Several, so that SQLite can group their commits.) */
const submitting = new FewAtOnce(4)

const errorLimit = 4_000

/** Number, build, stages, delivery and the promise to offer, all in one transaction, so that numbers have no gap and
 *  nothing is half there. `null`: the same delivery has built already, or another one that says the same. */
export const storeBuild = async (
  deps: Pick<ControlDeps, 'database' | 'clock' | 'timers' | 'webhooks' | 'partitionsPerRepo'>,
  submission: Submission,
  wished: BuildPlan,
): Promise<StoredBuild | null> => {
  const { repo, delivery } = submission
  const warnings = wished.kind === 'error' ? [] : await warnUnserved(deps, wished.stages)
  const work = async (stores: Stores, atEnd: AtEnd): Promise<StoredBuild | null> => {
    const options = { keepMs: deliveryKeepMs, isFurtherTry: submission.isNoted !== true }
    if (!submission.isOnce && !(await stores.deliveries.claim(delivery, options))) return null
    const number = await stores.repos.nextBuildNumber(repo.id)
    // With the repository's row held, nobody else can be about to build the same.
    if (delivery.content !== '') await refuseSame(stores, submission)
    const plan = await capPartitions(stores, repo.id, wished, deps.partitionsPerRepo)
    const build = await createRecord(stores, submission, plan, number, deps.clock.now())
    const latest = latestKeyOf(build)
    if (latest !== null && latest.name !== '') await stores.latest.set(repo.id, latest, build.id)
    const made = await createStages(stores, submission, build, plan, atEnd)
    const end = {
      outcome: 'built',
      buildId: build.id,
      buildNumber: number,
      commit: build.after,
      reason: warnings
        .map(({ message }) => `no worker takes ${message}`)
        .join('\n')
        .slice(0, 2_000)
        .toWellFormed(),
    } as const
    if (submission.isOnce) await stores.deliveries.create({ ...delivery, commit: build.after }, end)
    else await stores.deliveries.settle(repo.id, delivery.key, end)
    const created = {
      event: 'build',
      action: 'created',
      repoId: repo.id,
      buildId: build.id,
      body: deps.webhooks?.bodyOfNew({ ...repo, counter: number }, build) ?? '',
    } as const
    await promiseWebhooks(deps, stores, created, atEnd)
    await promiseStatus(deps, stores, created, atEnd)
    return { build, ...made }
  }
  const all = () => deps.database.transaction(work)
  return submitting.run(repo.id, all).catch((error: unknown) => {
    if (error instanceof SameContent) return null
    throw error
  })
}

/** Takes the transaction back, with the number that it took. */
class SameContent extends Error {}

const refuseSame = async (
  { deliveries, builds }: Stores,
  { repo, delivery }: Submission,
): Promise<void> => {
  const same = await deliveries.findBuilt(repo.id, delivery.content, sameContentMs)
  if (same && same.key !== delivery.key && (await builds.find(same.buildId)))
    throw new SameContent('another delivery says the same')
}

const createRecord = (
  stores: Stores,
  { repo, hook, cloneUrl, manifest: source }: Submission,
  plan: BuildPlan,
  number: number,
  nowMs: number,
): Promise<Build> => {
  const error = plan.kind === 'error' ? cutCodePoints(cleanText(plan.error), errorLimit) : null
  return stores.builds.create(
    newBuild(repo, hook, { number, cloneUrl, error, nowMs }),
    storable(plan.text),
    {
      changedFiles: hook.changedFiles,
      skipped: plan.kind === 'error' ? [] : plan.skipped,
      isText: source !== 'fetch',
    },
  )
}

/** PostgreSQL takes no NUL in text; such a manifest has no stages anyway. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\ufffd')

const createStages = async (
  stores: Stores,
  { repo, hook, priority = repo.priority }: Submission,
  build: Build,
  plan: BuildPlan,
  atEnd: AtEnd,
): Promise<Omit<StoredBuild, 'build'>> => {
  if (plan.kind === 'error') return { stages: [], outbox: [] }
  const isSigned = plan.kind === 'stages' && plan.isSigned
  const isBlocked = plan.kind === 'stages' && plan.isBlocked === true
  const verified =
    !isBlocked &&
    (isVerified(repo, hook, isSigned) ||
      (await isApproved(stores, repo, hook, storable(plan.text))))
  if (plan.kind === 'again')
    return createKeptStages(stores, { repo, build, old: plan.stages, verified, priority }, atEnd)
  const stages = plan.stages.map((stage) => newStage(repo, build.id, stage, verified, priority))
  return storeStages(stores, repo.id, stages)
}

/** The build that the same delivery made before, or that another one made that says the same. */
export const findFirstBuild = async (
  { database }: Pick<ControlDeps, 'database'>,
  { repo, delivery, isOnce }: Submission,
): Promise<{ readonly build: Build; readonly stages: readonly Stage[] } | null> => {
  const { deliveries, builds, stages } = database
  const own = isOnce ? null : await deliveries.findByKey(repo.id, delivery.key)
  const isYoung = own !== null && own.createdAt > (await database.now()) - deliveryKeepMs
  const same =
    delivery.content === ''
      ? null
      : await deliveries.findBuilt(repo.id, delivery.content, sameContentMs)
  for (const first of [isYoung ? own : null, same]) {
    const build = first && first.buildId !== 0 ? await builds.find(first.buildId) : null
    if (build) return { build, stages: await stages.listByBuild(build.id) }
  }
  return null
}
