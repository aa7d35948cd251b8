import type { Timers, WorkerRecord } from '@waggle/domain'

/** idle      it takes stages and has none
 *  busy      it has some
 *  draining  it takes nothing new, and has some
 *  drained   it takes nothing new, and has none
 *  silent    nothing was heard of it for T_disc; what it runs may still run
 *  gone      nothing was heard of it for T_lost: what it held is settled */
export const workerStates = ['idle', 'busy', 'draining', 'drained', 'silent', 'gone'] as const
export type WorkerState = (typeof workerStates)[number]

/** The state of a worker, from its row and how many attempts it holds. */
export const workerState = (
  worker: Pick<WorkerRecord, 'lastSeenAt' | 'isDraining'>,
  openAttempts: number,
  nowMs: number,
  timers: Pick<Timers, 'disconnectedMs' | 'lostMs'>,
): WorkerState => {
  const silentMs = nowMs - worker.lastSeenAt
  if (silentMs >= timers.lostMs) return 'gone'
  if (silentMs >= timers.disconnectedMs) return 'silent'
  if (worker.isDraining) return openAttempts > 0 ? 'draining' : 'drained'
  return openAttempts > 0 ? 'busy' : 'idle'
}
