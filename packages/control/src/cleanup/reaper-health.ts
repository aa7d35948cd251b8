import type { Clock, Timers } from '@waggle/domain'

/** Since when this process may trust that it sees heartbeats as they come (rule G9). A process that just started, just
 *  saw the database fail, or was suspended, may see old renewals of workers that are well: it expires nothing for
 *  `graceMs`. */
export class ReaperHealth {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #graceMs: number
  #healthySince: number

  constructor(clock: Pick<Clock, 'monotonic'>, graceMs: number) {
    this.#clock = clock
    this.#graceMs = graceMs
    this.#healthySince = clock.monotonic()
  }

  reset(): void {
    this.#healthySince = this.#clock.monotonic()
  }

  get mayExpire(): boolean {
    return this.#clock.monotonic() - this.#healthySince >= this.#graceMs
  }
}

/** How late a tick may come before the process counts as having been away: twice its interval. With timers scaled down
 *  for tests a busy machine is that late by itself; being late by less than half of `requeueMs` never harms. */
export const lateLimitMs = (timers: Pick<Timers, 'reconcileMs' | 'requeueMs'>): number =>
  Math.max(2 * timers.reconcileMs, Math.min(1_500, timers.requeueMs / 2))

/** From which silence on a worker counts for the breaker: two heartbeats before its limit. Workers that were cut off
 *  together do not reach their limits in one tick, for their heartbeats were spread; the first of them would be expired
 *  before the breaker saw the rest. */
export const suspectLimits = (
  timers: Pick<Timers, 'heartbeatMs' | 'requeueMs' | 'lostMs'>,
): { readonly requeueMs: number; readonly lostMs: number } => {
  const aheadMs = Math.min(2 * timers.heartbeatMs, timers.requeueMs / 2)
  return { requeueMs: timers.requeueMs - aheadMs, lostMs: timers.lostMs - aheadMs }
}

/** Whether so many workers fall silent at once that the fault is more likely on this side: more than 30 % of those
 *  that hold attempts, and at least three (rule G9; counted in workers, for one dead worker may hold many stages). */
export const isMassLoss = (silentWorkers: number, holders: number): boolean =>
  silentWorkers >= 3 && silentWorkers > 0.3 * holders
