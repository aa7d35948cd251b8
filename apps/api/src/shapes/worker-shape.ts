import { toUnixSeconds, type WorkerRecord } from '@waggle/domain'

/** A worker, for people. Its token is not part of it. */
export const workerShape = (worker: WorkerRecord, isConnected: boolean) => ({
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
  connected: isConnected,
  draining: worker.isDraining,
  registered: toUnixSeconds(worker.registeredAt),
  last_seen: toUnixSeconds(worker.lastSeenAt),
})
