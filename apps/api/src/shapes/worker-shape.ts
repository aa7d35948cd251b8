import type { WorkerView } from '@waggle/control'
import { type Attempt, type Build, type Repo, type Stage, toUnixSeconds } from '@waggle/domain'

/** A worker, for people. Its token is not part of it. */
export const workerShape = ({ worker, state, running }: WorkerView) => ({
  id: worker.id,
  name: worker.name,
  version: worker.version,
  kind: worker.kind,
  type: worker.type,
  os: worker.os,
  arch: worker.arch,
  variant: worker.variant,
  kernel: worker.kernel,
  labels: worker.labels,
  label_match: worker.labelMatch,
  slots: worker.slots,
  running,
  state,
  connected: state !== 'silent' && state !== 'gone',
  draining: worker.isDraining,
  drained_since: toUnixSeconds(worker.drainedAt),
  drained_by: worker.drainedBy,
  boot: worker.bootId,
  registered: toUnixSeconds(worker.registeredAt),
  last_seen: toUnixSeconds(worker.lastSeenAt),
})

/** What a worker holds. */
export const heldShape = (attempt: Attempt, stage: Stage, build: Build, repo: Repo) => ({
  repo: repo.slug,
  build: build.number,
  stage: stage.number,
  name: stage.name,
  status: stage.status,
  attempt: attempt.number,
  attempt_state: attempt.state,
  accepted: toUnixSeconds(attempt.acceptedAt),
  started: toUnixSeconds(stage.startedAt),
  renewed: toUnixSeconds(attempt.renewedAt),
})
