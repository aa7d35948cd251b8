import { isWaggleError, type TickName } from '@waggle/domain'
import type { ControlDeps } from './control-deps.ts'
import { LimitCheck } from './limits/check-limits.ts'
import { pumpOutbox } from './pump-outbox.ts'
import { Reaper } from './reap.ts'
import { lateLimitMs, ReaperHealth } from './reaper-health.ts'
import { Reconciler } from './reconcile.ts'

export interface RunningTimers {
  /** Starts no further tick; resolves when the running ones are over. */
  stop(): Promise<void>
}

/** Starts the timers that every API process has: outbox pump, reconciler, reaper. Each tick is won by one process, by a
 *  compare-and-set on its row in SQL, so they also run while Redis is empty or away (design §5). */
export const startTimers = (deps: ControlDeps): RunningTimers => {
  const { timers, clock } = deps
  const health = new ReaperHealth(clock, timers.graceMs)
  const reconciler = new Reconciler(deps)
  const limits = new LimitCheck(deps)
  const reaper = new Reaper(deps, health)
  // What needs no Redis comes first.
  const reconcile = async () => {
    await limits.run()
    await reconciler.run()
  }
  // Rows of a commit that this or another process is just about to tell are left alone.
  const minAgeMs = Math.min(1_000, timers.reconcileMs / 2)
  const stopping = new AbortController()
  const { signal } = stopping
  const loops = [
    runTicks(deps, { name: 'outbox', health, signal, run: () => pumpOutbox(deps, minAgeMs) }),
    runTicks(deps, { name: 'reconcile', health, signal, run: reconcile }),
    runTicks(deps, { name: 'reap', health, signal, run: (lateMs) => reaper.run(lateMs) }),
  ]
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

interface Ticking {
  readonly name: TickName
  readonly health: ReaperHealth
  readonly signal: AbortSignal
  readonly run: (lateMs: number) => Promise<unknown>
}

const runTicks = async (deps: ControlDeps, ticking: Ticking): Promise<void> => {
  const { clock, log, timers } = deps
  const { name, health, signal } = ticking
  // Asked for more often than it is due, so that a tick comes at most a quarter late.
  const pollMs = Math.max(10, timers.reconcileMs / 4)
  let isFailing = false
  while (!signal.aborted) {
    try {
      await tick(deps, ticking)
      if (isFailing) log.info('timer works again', { name })
      isFailing = false
    } catch (err) {
      if (isWaggleError(err, 'unavailable') && !isFailing)
        log.warn('timer cannot work', { name, err })
      else if (!isFailing) log.error('timer failed', { name, err })
      else log.debug('timer still fails', { name, err })
      isFailing = true
    }
    const before = clock.monotonic()
    await clock.sleep(pollMs, signal).catch(() => undefined)
    // The process stood still: heartbeats may be waiting in its sockets.
    if (clock.monotonic() - before > pollMs + lateLimitMs(timers)) health.reset()
  }
}

const tick = async (deps: ControlDeps, ticking: Ticking): Promise<void> => {
  const { database, timers } = deps
  const { name, health, run } = ticking
  let lateMs: number
  try {
    const won = await database.ticks.win(name, timers.reconcileMs)
    if (won === null) return
    lateMs = won.lateMs
  } catch (error) {
    // While the database is away no heartbeat arrives: nobody's silence means anything for a while.
    health.reset()
    throw error
  }
  await run(lateMs)
}
