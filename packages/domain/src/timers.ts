/** How long things last: reliability.md §0.2. All in milliseconds, already scaled. */
export interface Timers {
  /** T_hb: how often a worker's heartbeat is sent. */
  readonly heartbeatMs: number
  /** T_disc: silence after which a worker is shown as disconnected. */
  readonly disconnectedMs: number
  /** T_requeue: silence after which an attempt without a grant is taken back. */
  readonly requeueMs: number
  /** T_lost: silence after which an attempt with a grant is declared lost. */
  readonly lostMs: number
  /** Silence of a worker's own main loop after which its heartbeats end: it must not hold its leases for ever. */
  readonly wedgedMs: number
  /** T_selffence: silence after which a worker kills what it runs of stages that may run again elsewhere. */
  readonly selfFenceMs: number
  /** T_grace: how long a reaper that just started, or came late, expires nothing. */
  readonly graceMs: number
  /** T_reconcile: interval of the reconciler, the outbox pump and the reaper. */
  readonly reconcileMs: number
  /** How long the breaker may hold the reaper back (rule G9). */
  readonly breakerMs: number
  /** BullMQ: lock of a fetched entry, and interval of the stalled check. */
  readonly queueLockMs: number
  readonly queueStalledMs: number
  /** Interval of the worker's search for leftovers. */
  readonly janitorMs: number
  /** Time between SIGTERM and SIGKILL for a cancelled step. */
  readonly killGraceMs: number
  /** How long a process that stopped answering keeps others from sending a receiver's webhooks. */
  readonly webhookLeaseMs: number
  /** How long a stage waits for its priority to count as one higher. */
  readonly ageingMs: number
  /** How long a partition stays registered after it was last used. */
  readonly partitionIdleMs: number
}

const unscaled: Timers = {
  heartbeatMs: 5_000,
  disconnectedMs: 15_000,
  requeueMs: 30_000,
  lostMs: 90_000,
  wedgedMs: 60_000,
  selfFenceMs: 75_000,
  graceMs: 90_000,
  reconcileMs: 5_000,
  breakerMs: 600_000,
  queueLockMs: 10_000,
  queueStalledMs: 5_000,
  janitorMs: 30_000,
  killGraceMs: 10_000,
  webhookLeaseMs: 15_000,
  ageingMs: 600_000,
  partitionIdleMs: 600_000,
}

/** The timers, all multiplied by one factor: `WAGGLE_TIME_SCALE`, 0.1 in fault tests. */
export const scaledTimers = (scale = 1): Timers =>
  Object.fromEntries(
    Object.entries(unscaled).map(([name, ms]) => [name, Math.max(20, Math.round(ms * scale))]),
  ) as unknown as Timers
