import {
  type Build,
  type BuildStatus,
  isDone,
  notFound,
  type OutboxMessage,
  type OutboxRow,
  type Stage,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { releaseOf } from '../limits/release-held.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { leaveLine } from '../order/stand-in-line.ts'
import { tellChange } from '../tell-change.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'

export interface CancelResult {
  readonly build: Build
  /** `false`: the build had ended before; only leftovers of it were closed. */
  readonly isCancelled: boolean
}

/** Who cancels, and how the build ends. */
export interface CancelWish {
  /** `killed` by a person or the reaper, `skipped` where a newer build supersedes it (scheduling.md §9.2). */
  readonly status: Extract<BuildStatus, 'killed' | 'skipped'>
  /** Login; empty = the server itself. */
  readonly by: string
  readonly reason: string
}

/** Cancels a build: a row first, a message second (rule G7). One transaction writes all final statuses, so that no
 *  later report changes them, and leaves held attempts *closing*; their workers are told after the commit, and again
 *  by the answer of each heartbeat (design §8, scheduling.md §9.1). `wish`: a login alone is a person's cancel. */
export const cancelBuild = async (
  deps: ControlDeps,
  build: Pick<Build, 'id'>,
  given: string | CancelWish,
): Promise<CancelResult> => {
  const wish = wishOf(given)
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores) => {
    const limitsOf = await stores.limits.lock({ buildId: build.id })
    const locked = await stores.builds.lock(build.id)
    if (!locked) throw notFound('build_not_found', 'the build does not exist')
    const isCancelled = !isDone(locked.status)
    const ended = isCancelled ? await endBuild(stores, locked, wish, nowMs) : locked
    const messages: OutboxMessage[] = []
    // A finished build's leftovers are closed too, should there ever be any.
    const closed: Stage[] = []
    for (const stage of await stores.stages.listByBuild(build.id)) {
      const told = isDone(stage.status) ? null : await closeStage(stores, stage.id, nowMs)
      if (told === null) continue
      closed.push(stage)
      messages.push(...told)
    }
    const end = { ifStarted: 'killed', ifNot: 'skipped', exitCode: 130, nowMs } as const
    await stores.steps.closeOpen(
      closed.map(({ id }) => id),
      end,
    )
    await leaveLine(stores, closed)
    const released = await releaseOf(stores, limitsOf, namesOf(closed))
    const told: readonly OutboxRow[] = messages.length > 0 ? await stores.outbox.add(messages) : []
    const outbox = [...told, ...released.outbox]
    if (isCancelled)
      await promiseBuildUpdate(deps, stores, { repoId: locked.repoId, buildId: locked.id })
    return { build: ended, isCancelled, outbox, pending: released.pending }
  })
  if (result.isCancelled)
    deps.log.info('build cancelled', {
      'build.id': build.id,
      reason: wish.by === '' ? wish.reason : `${wish.reason} by ${wish.by}`,
    })
  tellChange(deps, result.build)
  await deliverNow(deps, result.outbox, result.pending)
  return { build: result.build, isCancelled: result.isCancelled }
}

const namesOf = (stages: readonly Stage[]): readonly string[] => [
  ...new Set(stages.map(({ name }) => name)),
]

const wishOf = (given: string | CancelWish): CancelWish => {
  const wish =
    typeof given === 'string'
      ? { status: 'killed' as const, by: given, reason: 'cancelled' }
      : given
  const { status, by, reason } = wish
  return { status, by: cutCodePoints(by, 250), reason: cutCodePoints(cleanText(reason), 500) }
}

const endBuild = async (
  stores: Stores,
  build: Build,
  { status, by, reason }: CancelWish,
  nowMs: number,
): Promise<Build> => {
  const startedAt = build.startedAt || nowMs
  const patch = { status, startedAt, finishedAt: Math.max(nowMs, startedAt) } as const
  await stores.builds.decide(build.id, { endedBy: by, endReason: reason })
  return (await stores.builds.update(build.id, patch)) ?? build
}

/** Writes the final status of a stage; gives what has to be told, `null` where it had ended. */
const closeStage = async (
  stores: Stores,
  id: number,
  nowMs: number,
): Promise<readonly OutboxMessage[] | null> => {
  const stage = await stores.stages.lock(id)
  if (!stage || isDone(stage.status)) return null
  await stores.stages.update(id, endOf(stage, nowMs), { status: stage.status })
  return stage.isHeld ? closeAttempt(stores, stage) : withdrawalOf(stage)
}

const endOf = (row: { readonly startedAt: number }, nowMs: number) => {
  const startedAt = row.startedAt || nowMs
  return {
    status: row.startedAt === 0 ? 'skipped' : 'killed',
    startedAt,
    stoppedAt: Math.max(nowMs, startedAt),
  } as const
}

const closeAttempt = async (stores: Stores, stage: Stage): Promise<readonly OutboxMessage[]> => {
  const closing = { state: 'closing', cancelRequested: true } as const
  const held = ['leased', 'granted'] as const
  const attempt = await stores.attempts.update(stage.id, stage.attempt, closing, held)
  if (!attempt) return []
  const { workerId } = attempt
  return [{ kind: 'cancel', stageId: stage.id, attempt: stage.attempt, workerId }]
}

const withdrawalOf = (stage: Stage): readonly OutboxMessage[] =>
  stage.status === 'pending'
    ? [
        {
          kind: 'withdraw',
          stageId: stage.id,
          attempt: stage.attempt + 1,
          partition: stage.partition,
        },
      ]
    : []
