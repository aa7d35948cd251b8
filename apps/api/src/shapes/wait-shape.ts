import {
  type AwaitedStage,
  type Span,
  sayReason,
  type WaitReason,
  type WaitReport,
} from '@waggle/control'
import { type Stage, toUnixSeconds } from '@waggle/domain'

/** Why a stage does not run: Waggle's own. Times are unix seconds, spans are seconds from now. */
export const waitShape = (buildNumber: number, stage: Stage, report: WaitReport) => ({
  build: buildNumber,
  stage: stage.number,
  name: stage.name,
  status: stage.status,
  state: report.state,
  pending_since: toUnixSeconds(report.pendingSince),
  reasons: report.reasons.map((reason) => ({
    code: reason.code,
    message: sayReason(reason, { nowMs: report.nowMs, stage }),
    ...figures(reason),
  })),
  position: report.position,
  queue_depth: report.depth,
  duration:
    report.durations === null
      ? null
      : {
          ...spanShape(report.durations),
          median: Math.round(report.durations.medianMs / 1_000),
          samples: report.durations.samples,
        },
  starts_in: spanShape(report.startsIn),
  ends_in: spanShape(report.endsIn),
  past_attempts: report.past.map(({ number, worker, end, endedAt }) => ({
    attempt: number,
    worker,
    end,
    ended: toUnixSeconds(endedAt),
  })),
})

/** `null`: nobody can tell. */
export const spanShape = (span: Span | null): { low: number; high: number } | null =>
  span === null
    ? null
    : { low: Math.floor(span.lowMs / 1_000), high: Math.ceil(span.highMs / 1_000) }

const figures = (reason: WaitReason): object => {
  switch (reason.code) {
    case 'dependency':
      return {
        stages: reason.stages.map(({ number, name, status }) => ({ number, name, status })),
      }
    case 'approval':
      return { since: toUnixSeconds(reason.since) }
    case 'paused':
      return { since: toUnixSeconds(reason.since), by: reason.by }
    case 'limit':
    case 'throttle':
      return {
        limit: reason.limit,
        count: reason.count,
        held_by: reason.heldBy.map(awaitedShape),
      }
    case 'no_worker':
      return { known: reason.known, nearest: reason.nearest }
    case 'workers_away':
    case 'workers_drained':
      return {
        count: reason.count,
        workers: reason.workers.map(({ id, name, lastSeenAt }) => ({
          id,
          name,
          last_seen: toUnixSeconds(lastSeenAt),
        })),
      }
    case 'workers_busy': {
      const { workers, slots, busy, slotFreeIn } = reason
      return { workers, slots, busy, slot_free_in: spanShape(slotFreeIn) }
    }
    case 'others_first':
      return { ahead: reason.ahead, free: reason.free }
    case 'due':
      return { free: reason.free }
    case 'not_queued':
      return { next_check: toUnixSeconds(reason.nextCheckAt), whole_queue: reason.isWhole }
    case 'queue_away':
    case 'offered':
      return {}
    case 'accepted':
    case 'running': {
      const { attempt, worker, since, lastContactAt } = reason
      const times = { since: toUnixSeconds(since), last_contact: toUnixSeconds(lastContactAt) }
      return { attempt, worker, ...times }
    }
    case 'ended':
      return { status: reason.status, at: toUnixSeconds(reason.at), error: reason.error }
    default:
      return reason satisfies never
  }
}

const awaitedShape = ({ build, number, name, status, isLost, endsIn }: AwaitedStage) => ({
  ...{ build, number, name, status },
  lost: isLost,
  ends_in: spanShape(endsIn),
})
