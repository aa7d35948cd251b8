import { type Attempt, isDone, partitionOf, type Stage } from '@waggle/domain'
import { isPaused } from '../decisions/is-paused.ts'
import { queuePause } from '../decisions/pause.ts'
import { findHolds } from '../limits/find-holds.ts'
import { listWorkers, type WorkerView, type WorkerViews } from '../workers/list-workers.ts'
import { awaitedStages, dependenciesOf } from './awaited-stages.ts'
import { addSpans, durationsOf, nthEnd, remainingOf } from './estimate.ts'
import type { ExplainDeps } from './explain-deps.ts'
import { placeInQueue, type QueuePlace } from './place-in-queue.ts'
import { type Serving, servingWorkers } from './serving-workers.ts'
import { slotOutlook } from './slot-outlook.ts'
import { stageHistory } from './stage-history.ts'
import type { PastAttempt, Span, WaitReason, WaitReport } from './wait-reason.ts'
import { whyUnserved } from './why-unserved.ts'

const mostPast = 10
/** Neighbours that are looked at for a limit: more of them change nothing of the answer but its count. */
const mostNeighbours = 200

/** Why a stage does not run, or that it does: all reasons with their figures, from the functions that dispatch and
 *  accept decide by. It reads rows of this stage, its build and its limits, the workers, and one place in a queue;
 *  nothing that grows with the number of pending stages. `known`: the workers, where several stages are explained. */
export const explainWait = async (
  deps: ExplainDeps,
  stage: Stage,
  known?: WorkerViews,
): Promise<WaitReport> => {
  const workers = known ?? listWorkers(deps, { isRecent: true })
  const report = await explainRow(deps, stage, workers)
  const isDoubtful =
    report.state === 'waiting' &&
    (stage.isHeld || report.reasons.some(({ code }) => code === 'not_queued'))
  if (!isDoubtful) return report
  // Between the row and the queue a worker may have taken it.
  const now = await deps.database.stages.find(stage.id)
  return now && now.version !== stage.version ? explainRow(deps, now, workers) : report
}

const explainRow = async (
  deps: ExplainDeps,
  stage: Stage,
  workers: WorkerViews | Promise<WorkerViews>,
): Promise<WaitReport> => {
  const { database } = deps
  // All that does not depend on each other is asked for at once: each round trip costs more than its answer.
  const [{ views }, nowMs, attempts, history, standing] = await Promise.all([
    workers,
    database.now(),
    database.attempts.listByStage(stage.id, mostPast + 1),
    stageHistory(database, stage),
    standingOf(deps, stage),
  ])
  const durations = durationsOf(history)
  const own: Span | null = durations && { lowMs: durations.lowMs, highMs: durations.highMs }
  const report: WaitReport = {
    state: 'waiting',
    nowMs,
    pendingSince: 0,
    reasons: [],
    position: 0,
    depth: null,
    durations,
    startsIn: null,
    endsIn: null,
    past: attempts.flatMap(pastAttempt).slice(0, mostPast),
  }
  if (isDone(stage.status)) return { ...report, state: 'ended', reasons: [ended(stage)] }
  const held = stage.isHeld ? attempts.find(({ number }) => number === stage.attempt) : undefined
  if (held && stage.status === 'running')
    return {
      ...report,
      state: 'running',
      reasons: [holding('running', held, stage.startedAt)],
      endsIn: remainingOf(history, nowMs - stage.startedAt),
    }
  if (held)
    return {
      ...report,
      state: 'accepted',
      reasons: [holding('accepted', held, held.acceptedAt)],
      startsIn: { lowMs: 0, highMs: 0 },
      endsIn: own,
    }
  const wait = await waiting(deps, stage, views, standing)
  return { ...report, ...wait, endsIn: addSpans(wait.startsIn, own) }
}

type Waiting = Pick<WaitReport, 'reasons' | 'position' | 'depth' | 'startsIn' | 'pendingSince'>

/** What is looked up of a stage that is pending and that nobody holds. */
interface Standing {
  readonly pendingSince: number
  readonly isQueuePaused: boolean
  readonly place: QueuePlace | null
}

const standingOf = async (deps: ExplainDeps, stage: Stage): Promise<Standing> => {
  if (stage.status !== 'pending' || stage.isHeld)
    return { pendingSince: 0, isQueuePaused: false, place: null }
  const [pendingSince, isQueuePaused, place] = await Promise.all([
    deps.database.stages.pendingSince(stage.id),
    isPaused(deps),
    // What limits hold back is in no queue.
    stage.isLimited ? null : placeInQueue(deps, stage),
  ])
  return { pendingSince, isQueuePaused, place }
}

const waiting = async (
  deps: ExplainDeps,
  stage: Stage,
  views: readonly WorkerView[],
  { pendingSince, isQueuePaused, place }: Standing,
): Promise<Waiting> => {
  const serving = servingWorkers(views, partitionOf(stage))
  const unserved = whyUnserved(serving, views, partitionOf(stage))
  if (stage.status !== 'pending') {
    const reasons = [...(await beforePending(deps, stage)), ...unserved]
    return { reasons, position: 0, depth: null, startsIn: null, pendingSince: 0 }
  }
  const holds = await holdsOf(deps, stage, isQueuePaused)
  if (holds.length > 0) {
    const startsIn = unserved.length > 0 ? null : heldFor(holds)
    const reasons = [...unserved, ...holds]
    return { reasons, position: 0, depth: null, startsIn, pendingSince }
  }
  const found = place ?? (await placeInQueue(deps, stage))
  return { ...(await inQueue(deps, stage, found, serving, unserved)), pendingSince }
}

const beforePending = async (deps: ExplainDeps, stage: Stage): Promise<readonly WaitReason[]> => {
  if (stage.status === 'blocked') return [{ code: 'approval', since: stage.createdAt }]
  return [{ code: 'dependency', stages: await dependenciesOf(deps, stage) }]
}

/** What holds a pending stage back though it could be offered: the pause, and its limits. */
const holdsOf = async (
  deps: ExplainDeps,
  stage: Stage,
  isQueuePaused: boolean,
): Promise<readonly WaitReason[]> => {
  const queue = { isQueuePaused, shown: mostNeighbours }
  const reasons: WaitReason[] = []
  for (const hold of await findHolds(deps.database, stage, queue)) {
    if (hold.kind === 'paused') reasons.push({ code: 'paused', ...(await queuePause(deps)) })
    else {
      const limit = hold.kind === 'limit' ? hold.limit : hold.throttle
      const heldBy = await awaitedStages(deps, stage.repoId, hold.by)
      reasons.push({ code: hold.kind, limit, count: hold.by.length, heldBy })
    }
  }
  return reasons
}

/** When enough of those that count will have ended, where that is known of each. */
const heldFor = (holds: readonly WaitReason[]): Span | null => {
  let latest: Span | null = { lowMs: 0, highMs: 0 }
  for (const hold of holds) {
    if (hold.code !== 'limit' && hold.code !== 'throttle') return null
    const ends = hold.heldBy.map(({ endsIn }) => endsIn)
    const free = hold.heldBy.length < hold.count ? null : nthEnd(ends, hold.count - hold.limit + 1)
    if (free === null || latest === null) return null
    latest = {
      lowMs: Math.max(latest.lowMs, free.lowMs),
      highMs: Math.max(latest.highMs, free.highMs),
    }
  }
  return latest
}

const inQueue = async (
  deps: ExplainDeps,
  stage: Stage,
  place: QueuePlace,
  serving: Serving,
  unserved: readonly WaitReason[],
): Promise<Omit<Waiting, 'pendingSince'>> => {
  const found = { position: place.ahead === null ? 0 : place.ahead + 1, depth: place.depth }
  if (unserved.length > 0)
    return { ...found, reasons: [...unserved, ...place.reasons], startsIn: null }
  const outlook = await slotOutlook(deps, stage, serving, place.ahead ?? 0)
  const reasons: WaitReason[] = [...place.reasons]
  const free = Math.max(0, serving.slots - serving.busy)
  if (free === 0)
    reasons.push({
      code: 'workers_busy',
      workers: serving.taking.length,
      slots: serving.slots,
      busy: serving.busy,
      slotFreeIn: outlook.slotFreeIn,
    })
  else if (place.reasons.length === 0)
    reasons.push(
      (place.ahead ?? 0) >= free
        ? { code: 'others_first', ahead: place.ahead ?? 0, free }
        : { code: 'due', free },
    )
  // Where it stands is not known while its entry is missing.
  return { ...found, reasons, startsIn: place.ahead === null ? null : outlook.startsIn }
}

const ended = (stage: Stage): WaitReason => ({
  code: 'ended',
  status: stage.status,
  at: stage.stoppedAt || stage.updatedAt,
  error: stage.error,
})

const holding = (code: 'accepted' | 'running', attempt: Attempt, since: number): WaitReason => ({
  code,
  attempt: attempt.number,
  worker: attempt.workerName,
  since,
  lastContactAt: attempt.renewedAt,
})

const pastAttempt = ({ number, workerName, end, endedAt }: Attempt): readonly PastAttempt[] =>
  end === '' || end === 'finished' ? [] : [{ number, worker: workerName, end, endedAt }]
