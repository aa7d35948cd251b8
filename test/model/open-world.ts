import { randomUUID } from 'node:crypto'
import { type ControlDeps, Reaper, ReaperHealth, Reconciler, registerWorker } from '@waggle/control'
import {
  partitionName,
  type Repo,
  silentLogger,
  systemClock,
  type WorkerRecord,
} from '@waggle/domain'
import { type ParsedManifest, parseManifest, planStages, readsPaths } from '@waggle/pipeline'
import { connectRedis } from '@waggle/redis'
import { openControl, plainWorker } from '../integration/open-control.ts'
import { cutOff } from './cut-off.ts'
import { limits, type StagePlan } from './model.ts'
import { openRaw } from './raw-database.ts'
import { Tally } from './tally.ts'

const arches = ['amd64', 'arm64'] as const

/** The whole control side on a real database and a real Redis, with a clock that can be moved. */
export interface World {
  readonly deps: ControlDeps
  readonly repo: Repo
  readonly workers: WorkerRecord[]
  readonly reaper: Reaper
  readonly reconciler: Reconciler
  /** Of all sequences so far. */
  readonly tally: Tally
  /** Publishing fails as it does while Redis is away. */
  isAway: boolean
  partitionOf(stage: Pick<StagePlan, 'arch'>): string
  /** Everybody is silent for so long. */
  passTime(ms: number): Promise<void>
  /** A new process of the same worker. */
  restartWorker(index: number): Promise<void>
  flush(): Promise<void>
  /** One entry is gone from the queues, as after a failover that lost a write. */
  drop(entry: string): Promise<void>
  /** Ids of all entries in the queues, the next one of each partition first. */
  entries(): Promise<readonly string[]>
  /** What the database holds, a line for each row. */
  rows(): Promise<readonly string[]>
}

export interface Worlds {
  readonly tally: Tally
  /** A world in which nothing was built. The database and the Redis are those of the worlds before. */
  fresh(): Promise<World>
  close(): Promise<void>
}

export const openWorlds = async (database: 'sqlite' | 'postgres'): Promise<Worlds> => {
  let aheadMs = 0
  const { requeueMs, lostMs } = limits
  // Neither the grace of a reaper that just started nor the breaker: they have tests of their own.
  const timers = { requeueMs, lostMs, graceMs: 0, breakerMs: 0 }
  const control = await openControl({ database, timers, isQuick: true })
  const away = { isAway: false }
  const tally = new Tally()
  const parse = parseOnce()
  const deps: ControlDeps = {
    ...control.deps,
    offers: cutOff(control.deps.offers, away),
    // What the thread does, without the way there and back: these files do no harm.
    manifests: {
      plan: async ({ text, hook, repo }) => {
        const manifest = parse(text)
        const plan = planStages(manifest, hook, repo)
        return { plan, readsPaths: readsPaths(manifest), refusal: null }
      },
    },
    clock: {
      ...systemClock,
      now: () => systemClock.now() + aheadMs,
      monotonic: () => systemClock.monotonic() + aheadMs,
    },
  }
  const redis = connectRedis(
    { redis: { url: control.redis.socketUrl, prefix: '' }, log: silentLogger },
    'model',
    { enableOfflineQueue: true },
  )
  const raw = openRaw(`${control.folder}/waggle.db`, control.databaseUrl)
  const register = async (index: number): Promise<WorkerRecord> => {
    const workerId = `00000000-0000-4000-8000-00000000000${index}`
    // Of every platform, so that both compete for all.
    const profile = { ...plainWorker().profile, os: '', arch: '' }
    const bootId = randomUUID()
    await registerWorker(deps, { ...plainWorker(), workerId, bootId, name: `bee${index}`, profile })
    const worker = await deps.database.workers.find(workerId)
    if (!worker) throw new Error('the worker was not registered')
    return worker
  }
  const workers = await Promise.all([0, 1].map((index) => register(index)))
  const partitionOf = ({ arch }: Pick<StagePlan, 'arch'>) =>
    partitionName({ ...plainWorker().profile, arch })
  const queues = arches.map((arch) => `{test}:${partitionOf({ arch })}`)
  const repo = await control.repo()
  // Its first tick puts the epoch into an empty Redis: that is all there is then.
  await redis.flushall()
  await new Reconciler(deps).run()
  const [epochKey = ''] = await redis.keys('*')
  const epoch = (await redis.get(epochKey)) ?? ''
  await raw.change('create temporary table repos_at_first as select * from repos')

  const fresh = async (): Promise<World> => {
    away.isAway = false
    await Promise.all([
      raw.change(startOver),
      redis.pipeline().flushall('ASYNC').set(epochKey, epoch).exec(),
    ])
    return {
      deps,
      repo,
      workers,
      tally,
      partitionOf,
      reaper: new Reaper(deps, new ReaperHealth(deps.clock, 0)),
      reconciler: new Reconciler(deps),
      get isAway() {
        return away.isAway
      },
      set isAway(value) {
        away.isAway = value
      },
      passTime: async (ms) => {
        aheadMs += ms
        await raw.change(
          `update attempts set renewed_at = renewed_at - ${ms} where state <> 'ended'`,
        )
      },
      restartWorker: async (index) => {
        workers[index] = await register(index)
      },
      flush: async () => {
        await redis.flushall('ASYNC')
      },
      drop: async (entry) => {
        const pipeline = redis.pipeline()
        for (const queue of queues) {
          pipeline.zrem(`${queue}:prioritized`, entry)
          pipeline.lrem(`${queue}:wait`, 0, entry)
          pipeline.del(`${queue}:${entry}`)
        }
        await pipeline.exec()
      },
      entries: async () => {
        const pipeline = redis.pipeline()
        for (const queue of queues) {
          pipeline.lrange(`${queue}:wait`, 0, -1)
          pipeline.zrange(`${queue}:prioritized`, 0, '-1')
          pipeline.lrange(`${queue}:active`, 0, -1)
        }
        const replies = (await pipeline.exec()) ?? []
        return replies.flatMap(([, ids]) => ids as string[])
      },
      rows: () => raw.rows(),
    }
  }
  return {
    tally,
    fresh,
    close: async () => {
      redis.disconnect()
      raw.close()
      await control.close()
    },
  }
}

/** Everything goes with the repositories; ids go on. */
const startOver = `delete from repos; delete from outbox; delete from settings where name like 'queue_paused%';
  insert into repos select * from repos_at_first`

/** Files of one stage are few, and come again and again. */
const parseOnce = (): ((text: string) => ParsedManifest) => {
  const known = new Map<string, ParsedManifest>()
  return (text) => {
    const manifest = known.get(text) ?? parseManifest(text)
    if (known.size < 1_000) known.set(text, manifest)
    return manifest
  }
}
