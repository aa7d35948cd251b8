import { hostname } from 'node:os'
import type { SettingValues, sharedSettings, workerSettings } from '@waggle/config'
import {
  type AttemptRef,
  conflict,
  type Engine,
  failpoint,
  type Given,
  type Logger,
  scaledTimers,
  systemClock,
  type Timers,
} from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { openConsumer, openSignals, watchRedis } from '@waggle/queue'
import packageFile from '../package.json' with { type: 'json' }
import { drain } from './drain.ts'
import { watchEngine } from './engine-watch.ts'
import { monotonicMs } from './fence-file.ts'
import { startHealthServer } from './health-server.ts'
import { startHeartbeat } from './heartbeat.ts'
import { HeartbeatThread } from './heartbeat-thread.ts'
import { HeldStages } from './held-stages.ts'
import { takeIdentity } from './identity.ts'
import { startJanitor } from './janitor.ts'
import { type OpenedEngine, openEngine } from './open-engine.ts'
import { cutOffWhenAlone } from './orphan.ts'
import { startCachePurge } from './purge-caches.ts'
import type { GuardEngine } from './run-guard.ts'
import { SelfFence } from './self-fence.ts'
import type { LogRing } from './status/log-ring.ts'
import { openStatusPages } from './status/open-status-pages.ts'
import { RecentStages } from './status/recent-stages.ts'
import { createStepSlots } from './step-slots.ts'
import { startTakeByPoll } from './take-by-poll.ts'
import { takeOffer } from './take-offer.ts'
import { watchCancels } from './watch-cancels.ts'
import { createWorkerApi } from './worker-api.ts'
import { workerProfile } from './worker-profile.ts'

export interface WorkerOptions {
  readonly settings: SettingValues<typeof workerSettings>
  readonly shared: SettingValues<typeof sharedSettings>
  readonly log: Logger
  /** Last lines of the log, for the status page. */
  readonly ring?: LogRing
  /** Instead of the engine that the settings name. */
  readonly engine?: (folder: string) => Promise<OpenedEngine> | OpenedEngine
  /** Fires when the process that this worker belongs to has died. */
  readonly orphaned?: AbortSignal
  /** Called once the worker takes stages. */
  readonly onReady?: (worker: ReadyWorker) => void
}

export interface ReadyWorker {
  readonly workerId: string
  readonly name: string
  /** Port of the health server; 0 = none. */
  readonly port: number
}

/** Runs a worker until `signal` fires and what it holds has ended: it takes nothing new, lets its stages finish for
 *  `drainSeconds`, then ends them. Throws `unavailable` where its data folder cannot be used, and `conflict` (`superseded`)
 *  when another process has started with its id: what it runs is another's then, so it is removed without a word. */
export const runWorker = async (options: WorkerOptions, asked: AbortSignal): Promise<void> => {
  const { settings, shared } = options
  const clock = systemClock
  const superseded = new AbortController()
  const signal = AbortSignal.any([asked, superseded.signal])
  // Closed in reverse order, whatever happens.
  await using stack = new AsyncDisposableStack()

  const identity = await takeIdentity(settings.dataFolder)
  stack.defer(() => identity.release())
  const log = options.log.child({ 'worker.id': identity.workerId })
  const profile = workerProfile(settings)
  const { slots } = settings

  const api = createWorkerApi({
    ...settings,
    environment: { ...settings.environment, ...settings.environmentFile },
    identity,
    name: settings.name ?? hostname(),
    version: packageFile.version,
    profile,
    clock,
    log,
    onSuperseded: () => superseded.abort(),
  })
  stack.defer(() => api.close())
  const registered = await api.register(signal).catch((error: unknown) => {
    if (signal.aborted) return null
    throw error
  })
  if (registered === null) return
  log.info('worker registered', { 'worker.name': registered.name, url: settings.server })
  const timers: Timers = {
    ...scaledTimers(shared.timeScale),
    heartbeatMs: registered.heartbeatMs,
    killGraceMs: registered.killGraceMs,
  }

  const opened = await (
    options.engine ?? ((folder) => openEngine(settings, folder, { timers, log }))
  )(identity.folder)
  stack.defer(() => opened.engine.close())
  const engine = await watchEngine({
    engine: opened.engine,
    remedy: opened.remedy,
    everyMs: timers.heartbeatMs,
    clock,
    log,
  })
  stack.defer(() => engine.stop())

  const redis = { url: shared.redisUrl, prefix: shared.redisPrefix }
  const whileAway = 'stages are asked of the API until it does'
  await watchRedis({ redis, clock, log, whileAway }, signal)
  const liveLog = openLiveLog({ redis, log })
  stack.defer(() => liveLog.close())
  const signals = await openSignals({ redis, log })
  stack.defer(() => signals.close())

  const beside = new HeartbeatThread({
    url: api.heartbeatUrl,
    everyMs: timers.heartbeatMs,
    wedgedMs: timers.wedgedMs,
    log,
  })
  stack.defer(() => beside.stop())
  const sayAlive = () => beside.say(api.credential(), held.refs())
  const held = new HeldStages(sayAlive)
  const fence = opened.guard && openFence(opened.engine, opened.guard, registered.installation)
  if (fence) stack.defer(() => fence.stop())
  const heartbeat = startHeartbeat({
    send: async (attempts, sent) => {
      sayAlive()
      if (attempts.length > 0) await failpoint('worker.loop')
      const sentAt = monotonicMs()
      const answer = await api.heartbeat(attempts, sent)
      fence?.renewed(attempts, answer.lost, sentAt)
      return answer
    },
    held,
    everyMs: timers.heartbeatMs,
    clock,
    log,
  })
  stack.defer(() => heartbeat.stop())
  const over = new AbortController()
  stack.defer(() => over.abort())
  const cutOff = cutOffWhenAlone({
    orphaned: options.orphaned ?? new AbortController().signal,
    isAnswered: () => heartbeat.isAnswered,
    aloneMs: timers.selfFenceMs,
    everyMs: timers.heartbeatMs / 5,
    ended: over.signal,
    clock,
    log,
  })
  const { workerId } = identity
  const unwatch = await watchCancels({ signals, workerId, held, heartbeat })
  stack.defer(() => unwatch())

  const janitor = startJanitor({
    engine: opened.engine,
    installation: registered.installation,
    held,
    ask: (attempts, asked, told) => api.held(attempts, asked, told),
    everyMs: timers.janitorMs,
    clock,
    log,
  })
  stack.defer(() => janitor.stop())

  const purge = startCachePurge({
    engine: opened.engine,
    installation: registered.installation,
    limits: { maxAgeMs: settings.cacheHours * 3_600_000, totalBytes: settings.cacheBytes },
    clock,
    log,
  })
  stack.defer(() => purge.stop())

  let stages = 0
  const recent = new RecentStages(mostRecent, clock)
  const exit = new AbortController()
  stack.defer(() => exit.abort())
  const stageDeps = {
    api,
    held,
    liveLog,
    ...opened,
    ...(fence ? { fence } : {}),
    ...(settings.maxSteps > 0 ? { slots: createStepSlots(settings.maxSteps) } : {}),
    killGraceMs: timers.killGraceMs,
    hasCards: settings.cards,
    clock,
    log,
    exit: exit.signal,
    onAccepted: (ref: AttemptRef, given: Given) => {
      stages++
      recent.begin(ref, given)
    },
    onOver: (ref: AttemptRef, status: string) => recent.end(ref, status),
    onDraining: () => heartbeat.drain(),
  }
  // The poll, while Redis is away, may use a slot that the consumer does not know of.
  const isReady = () =>
    !signal.aborted && engine.isUp && !heartbeat.isDraining && held.count < slots
  const consumer = openConsumer({
    workerId,
    profile,
    slots,
    isReady,
    onOffer: (offer, stopping) => takeOffer(stageDeps, offer, stopping),
    redis,
    log,
    timers,
  })
  stack.defer(() => consumer.close())
  await consumer.start()
  const poll = startTakeByPoll({
    api,
    isRedisUp: () => signals.isAnswered(),
    everyMs: timers.heartbeatMs / 2,
    isReady,
    clock,
    log,
    take: (offer, stopping) => takeOffer(stageDeps, offer, stopping),
  })
  stack.defer(() => poll.stop())

  const port = await openHealth()
  options.onReady?.({ workerId, name: registered.name, port })
  log.info('worker ready', { count: slots, port })

  await aborted(signal)
  log.info('worker stops: takes nothing new', { count: held.count })
  await Promise.all([consumer.stop(), poll.stop()])
  await drain({
    held,
    drainMs: settings.drainSeconds * 1_000,
    superseded: AbortSignal.any([superseded.signal, cutOff]),
    killGraceMs: timers.killGraceMs,
    clock,
    log,
  })
  if (superseded.signal.aborted)
    throw conflict(
      'superseded',
      `another process has started with the id of this worker (${workerId}), so this one ends: give each worker a data folder of its own, not a copy`,
    )
  log.info('worker stopped')

  function openFence(fenced: Engine, guard: GuardEngine, installation: string): SelfFence {
    const { folder, bootId } = identity
    const { selfFenceMs, heartbeatMs } = timers
    return new SelfFence({
      guard: { folder, installation, selfFenceMs, engine: guard },
      bootId,
      engine: fenced,
      everyMs: heartbeatMs / 5,
      clock,
      log,
    })
  }

  async function openHealth(): Promise<number> {
    if (settings.port === 0) {
      if (settings.uiPassword !== undefined && !settings.uiDisabled)
        log.warn('the status page is off: it needs WAGGLE_WORKER_PORT')
      return 0
    }
    const pages = openStatusPages(settings, {
      ring: options.ring,
      stages: recent,
      facts: async () => ({
        name: registered?.name ?? '',
        workerId,
        version: packageFile.version,
        profile,
        held: held.count,
        accepted: stages,
        nowMs: clock.now(),
        isDraining: heartbeat.isDraining,
        isStopping: signal.aborted,
        reaches: {
          api: heartbeat.isAnswered,
          redis: await signals.isAnswered(),
          engine: engine.isUp,
        },
      }),
    })
    const ready = () => {
      const reason = signal.aborted
        ? 'stopping'
        : !engine.isUp
          ? 'the engine does not answer'
          : !heartbeat.isAnswered
            ? 'the API does not answer'
            : 'OK'
      return { isReady: reason === 'OK', reason, slots, running: held.count, stages }
    }
    const health = await startHealthServer(settings.port, ready, pages)
    stack.defer(() => health.close())
    return health.port
  }
}

/** So many stages that are over the status page shows. */
const mostRecent = 100

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
