import type { StageOutlook } from '@waggle/control'
import { type Attempt, type Stage, toUnixSeconds } from '@waggle/domain'
import { optional } from './optional.ts'
import { spanShape } from './wait-shape.ts'

/** rest-api.md §6.5. `steps`, and Waggle's own `position`, `starts_in`, `ends_in` and `cancels`, only on the endpoints that say so. */
export const stageShape = (
  stage: Stage,
  more: {
    readonly steps?: readonly object[]
    readonly outlook?: StageOutlook | undefined
    readonly cancels?: readonly Attempt[]
  } = {},
) => ({
  id: stage.id,
  repo_id: stage.repoId,
  build_id: stage.buildId,
  number: stage.number,
  name: stage.name,
  ...optional({ kind: stage.kind, type: stage.type }),
  status: stage.status,
  ...optional({ error: stage.error }),
  errignore: stage.errIgnore,
  exit_code: stage.exitCode,
  ...optional({ machine: stage.machine }),
  os: stage.os,
  arch: stage.arch,
  ...optional({
    variant: stage.variant,
    kernel: stage.kernel,
    limit: stage.limit,
    throttle: stage.throttle,
    priority: stage.priority,
  }),
  started: toUnixSeconds(stage.startedAt),
  stopped: toUnixSeconds(stage.stoppedAt),
  created: toUnixSeconds(stage.createdAt),
  updated: toUnixSeconds(stage.updatedAt),
  version: stage.version,
  on_success: stage.onSuccess,
  on_failure: stage.onFailure,
  ...optional({ depends_on: stage.dependsOn, labels: stage.labels }),
  ...optional({
    steps: more.steps,
    kept_from: stage.keptFrom,
    cancels: more.cancels?.map(cancelShape),
  }),
  ...(more.outlook ? outlookShape(more.outlook) : {}),
})

/** When a cancel was asked for, reached the worker, and was carried out there; milliseconds since 1970. */
const cancelShape = (attempt: Attempt) => ({
  attempt: attempt.number,
  worker: attempt.workerName,
  requested_ms: attempt.cancelRequestedAt,
  ...optional({ seen_ms: attempt.cancelSeenAt, killed_ms: attempt.cancelDoneAt }),
})

const outlookShape = ({ position, startsIn, endsIn }: StageOutlook) => ({
  ...optional({ position }),
  starts_in: spanShape(startsIn),
  ends_in: spanShape(endsIn),
})
