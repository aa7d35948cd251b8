import { isWaggleError, type TickName } from '@waggle/domain'
import { Cleanup } from './cleanup/cleanup.ts'
import { Reaper } from './cleanup/reap.ts'
import { lateLimitMs, ReaperHealth } from './cleanup/reaper-health.ts'
import type { ControlDeps } from './control-deps.ts'
import { runDueCrons } from './cron/run-due-crons.ts'
import { housekeepingOf } from './housekeeping.ts'
import { LimitCheck } from './limits/check-limits.ts'
import { pumpOutbox } from './offers/pump-outbox.ts'
import { Reconciler } from './offers/reconcile.ts'
import { OrderKeeper } from './order/keep-order.ts'
import { purge } from './purge/purge.ts'
import { resumeDeliveries } from './trigger/resume-deliveries.ts'

export interface RunningTimers {
  /** Starts no further tick; resolves when the running ones are over. */
  stop(): Promise<void>
}

/** Starts the timers that every API process has. Each tick is won by one process, by a compare-and-set on its row in
 *  SQL, so they also run while Redis is empty or away (design §5). */
export const startTimers = (deps: ControlDeps): RunningTimers => {
  const { timers, clock, webhooks } = deps
  const { cron, cleanup, purge: purging } = housekeepingOf(deps)
  const health = new ReaperHealth(clock, timers.graceMs)
  const reconciler = new Reconciler(deps)
  const limits = new LimitCheck(deps)
  const order = new OrderKeeper(deps)
  const reaper = new Reaper(deps, health)
  const cleaner = new Cleanup(deps, health)
  // What needs no Redis comes first.
  const reconcile = async () => {
    await limits.run()
    await reconciler.run()
    await order.run()
  }
  // Rows of a commit that this or another process is just about to tell are left alone.
  const minAgeMs = Math.min(1_000, timers.reconcileMs / 2)
  const stopping = new AbortController()
  const { signal } = stopping
  const { reconcileMs } = timers
  const works: readonly TimedWork[] = [
    { name: 'outbox', intervalMs: reconcileMs, run: () => pumpOutbox(deps, minAgeMs) },
    { name: 'reconcile', intervalMs: reconcileMs, run: reconcile },
    { name: 'reap', intervalMs: reconcileMs, run: (lateMs) => reaper.run(lateMs) },
    { name: 'deliveries', intervalMs: 6 * reconcileMs, run: () => resumeDeliveries(deps) },
    ...only(cron.isEnabled, {
      name: 'cron',
      intervalMs: cron.intervalMs || reconcileMs,
      run: () => runDueCrons(deps, signal),
    }),
    ...only(cleanup.isEnabled, {
      name: 'cleanup',
      intervalMs: cleanup.intervalMs,
      isSole: true,
      run: (lateMs) => cleaner.run(lateMs, signal),
    }),
    {
      name: 'purge',
      intervalMs: purging.intervalMs,
      isSole: true,
      run: () => purge(deps, signal),
    },
    ...(webhooks
      ? [{ name: 'webhooks' as const, intervalMs: reconcileMs, run: () => webhooks.tick() }]
      : []),
  ]
  const loops = works.map((work) => runTicks(deps, { ...work, health, signal }))
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

interface TimedWork {
  readonly name: TickName
  readonly intervalMs: number
  /** It may take longer than its interval, and nobody else begins before it ends. */
  readonly isSole?: boolean
  readonly run: (lateMs: number) => Promise<unknown>
}

const only = (isWanted: boolean, work: TimedWork): readonly TimedWork[] => (isWanted ? [work] : [])

interface Ticking extends TimedWork {
  readonly health: ReaperHealth
  readonly signal: AbortSignal
}

const longestPollMs = 60_000

const runTicks = async (deps: ControlDeps, ticking: Ticking): Promise<void> => {
  const { clock, log, timers } = deps
  const { name, intervalMs, health, signal } = ticking
  // Asked for more often than it is due, so that a tick comes at most a quarter late.
  const pollMs = Math.max(10, Math.min(intervalMs / 4, longestPollMs))
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
  const { database } = deps
  const { name, intervalMs, health, isSole, run } = ticking
  let lateMs: number
  try {
    const won = await database.ticks.win(name, intervalMs)
    if (won === null) return
    lateMs = won.lateMs
  } catch (error) {
    // While the database is away no heartbeat arrives: nobody's silence means anything for a while.
    health.reset()
    throw error
  }
  if (!isSole) {
    await run(lateMs)
    return
  }
  const over = new AbortController()
  const holding = holdTick(deps, ticking, over.signal)
  try {
    await run(lateMs)
  } finally {
    over.abort()
    await holding
  }
}

/** A process that dies lets go of its tick after one interval. */
const holdTick = async (
  { database, clock, log }: ControlDeps,
  { name, intervalMs }: Ticking,
  over: AbortSignal,
): Promise<void> => {
  for (;;) {
    await clock.sleep(intervalMs / 2, over).catch(() => undefined)
    if (over.aborted) return
    await database.ticks
      .hold(name, intervalMs)
      .catch((err: unknown) => log.debug('tick was not held', { name, err }))
  }
}
