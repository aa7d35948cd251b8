import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { type ControlDeps, Reaper, ReaperHealth, Reconciler, registerWorker } from '@waggle/control'
import {
  type OfferPublisher,
  partitionName,
  type Repo,
  silentLogger,
  systemClock,
  unavailable,
  type WorkerRecord,
} from '@waggle/domain'
import { parseManifest, planStages, readsPaths } from '@waggle/pipeline'
import { connectRedis } from '@waggle/redis'
import { openControl, plainWorker } from '../integration/open-control.ts'
import { limits } from './model.ts'

const run = promisify(execFile)

const arches = ['amd64', 'arm64'] as const

/** The whole control side on a real database and a real Redis, with a clock that can be moved. */
export interface World {
  readonly deps: ControlDeps
  readonly repo: Repo
  readonly workers: WorkerRecord[]
  readonly reaper: Reaper
  readonly reconciler: Reconciler
  /** Publishing fails as it does while Redis is away. */
  isAway: boolean
  /** Everybody is silent for so long. */
  passTime(ms: number): Promise<void>
  /** A new process of the same worker. */
  restartWorker(index: number): Promise<void>
  flush(): Promise<void>
  /** Ids of all entries in the queues, the next one of each partition first. */
  entries(): Promise<readonly string[]>
  /** What the database holds of the repository, a line for each row. */
  rows(): Promise<readonly string[]>
}

export interface Worlds {
  /** An empty world. The database and the Redis are those of the worlds before. */
  fresh(): Promise<World>
  close(): Promise<void>
}

export const openWorlds = async (database: 'sqlite' | 'postgres'): Promise<Worlds> => {
  let aheadMs = 0
  const { requeueMs, lostMs } = limits
  // Neither the grace of a reaper that just started nor the breaker: they have tests of their own.
  const timers = { requeueMs, lostMs, graceMs: 0, breakerMs: 0 }
  const control = await openControl({ database, timers })
  const away = { isAway: false }
  const deps: ControlDeps = {
    ...control.deps,
    offers: cutOff(control.deps.offers, away),
    // What the thread does, without the way there and back: these files do no harm.
    manifests: {
      plan: async ({ text, hook, repo }) => {
        const manifest = parseManifest(text)
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
    { redis: { url: control.redis.url, prefix: '' }, log: silentLogger },
    'model',
    { enableOfflineQueue: true },
  )
  const raw = database === 'sqlite' ? openRaw(`${control.folder}/waggle.db`) : null
  const change = async (statement: string): Promise<void> => {
    if (raw) await raw.change(statement)
    else await run('psql', [control.databaseUrl, '-q', '-c', statement])
  }
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
  const partitions = arches.map(
    (arch) => `{test}:${partitionName({ ...plainWorker().profile, arch })}`,
  )

  const fresh = async (): Promise<World> => {
    away.isAway = false
    await Promise.all([change(emptyAll), redis.flushall()])
    const repo = await control.repo()
    return {
      deps,
      repo,
      workers,
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
        await change(`update attempts set renewed_at = renewed_at - ${ms} where state <> 'ended'`)
      },
      restartWorker: async (index) => {
        workers[index] = await register(index)
      },
      flush: async () => {
        await redis.flushall()
      },
      entries: async () => {
        const pipeline = redis.pipeline()
        for (const partition of partitions) {
          pipeline.lrange(`${partition}:wait`, 0, -1)
          pipeline.zrange(`${partition}:prioritized`, 0, '-1')
          pipeline.lrange(`${partition}:active`, 0, -1)
        }
        const replies = (await pipeline.exec()) ?? []
        return replies.flatMap(([, ids]) => ids as string[])
      },
      rows: () => (raw ? Promise.resolve(raw.rows(repo.id)) : readStores(deps, repo.id)),
    }
  }
  return {
    fresh,
    close: async () => {
      redis.disconnect()
      raw?.close()
      await control.close()
    },
  }
}

const emptyAll = `delete from repos; delete from outbox; delete from settings where name like 'queue%'`

/** The real publisher behind a switch: what asks for something while it is off hears what it hears without Redis. */
const cutOff = (offers: OfferPublisher, away: { readonly isAway: boolean }): OfferPublisher => {
  const asked =
    <A extends readonly unknown[], R>(call: (...given: A) => Promise<R>) =>
    (...given: A): Promise<R> =>
      away.isAway
        ? Promise.reject(unavailable('redis_unavailable', 'Redis is away'))
        : call(...given)
  return {
    publish: asked((list) => offers.publish(list)),
    withdraw: asked((list) => offers.withdraw(list)),
    epoch: asked(() => offers.epoch()),
    setEpoch: asked((id) => offers.setEpoch(id)),
    depths: asked((names) => offers.depths(names)),
    missing: asked((list) => offers.missing(list)),
    place: asked((offer) => offers.place(offer)),
    ping: asked(() => offers.ping()),
    close: () => offers.close(),
  }
}

interface RawDatabase {
  change(statements: string): Promise<void>
  rows(repoId: number): readonly string[]
  close(): void
}

/** The file past the stores: what is compared is not read by the code that is tested. */
const openRaw = (path: string): RawDatabase => {
  const database = new DatabaseSync(path)
  database.exec('pragma foreign_keys = on; pragma synchronous = off; pragma busy_timeout = 5')
  const queries = [
    `select 'build ' || id || ' ' || status as line from builds where repo_id = ? order by id`,
    `select 'stage ' || id || ' ' || status || ' attempt ' || attempt || iif(is_held, ' held', iif(status = 'pending' and is_limited, ' held back', '')) as line
       from stages where repo_id = ? order by id`,
    `select 'attempt ' || stage_id || '-' || a.number || ' ' || a.state || ' ' || a."end" as line
       from attempts a join builds on builds.id = build_id where repo_id = ? order by stage_id, a.number`,
    `select 'step ' || stage_id || '-' || p.number || ' ' || p.status as line
       from steps p join stages on stages.id = stage_id where repo_id = ? order by stage_id, p.number`,
  ].map((query) => database.prepare(query))
  return {
    change: async (statements) => {
      for (let tries = 0; ; tries++) {
        try {
          database.exec(`begin immediate; ${statements}; commit`)
          return
        } catch (error) {
          if (database.isTransaction) database.exec('rollback')
          if (tries > 200) throw error
          // The write queue has a transaction open across turns of the event loop.
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    },
    rows: (repoId) =>
      queries.flatMap((query) => (query.all(repoId) as { line: string }[]).map(({ line }) => line)),
    close: () => database.close(),
  }
}

const readStores = async (
  { database }: ControlDeps,
  repoId: number,
): Promise<readonly string[]> => {
  const builds = (await database.builds.list(repoId, {}, { offset: 0, limit: 100 })).toSorted(
    (a, b) => a.id - b.id,
  )
  const stages = (
    await Promise.all(builds.map((build) => database.stages.listByBuild(build.id)))
  ).flat()
  const [attempts, steps] = await Promise.all([
    Promise.all(stages.map(({ id }) => database.attempts.listByStage(id, 100))),
    Promise.all(stages.map(({ id }) => database.steps.listByStage(id))),
  ])
  return [
    ...builds.map(({ id, status }) => `build ${id} ${status}`),
    ...stages.map(
      ({ id, status, attempt, isHeld, isLimited }) =>
        `stage ${id} ${status} attempt ${attempt}${isHeld ? ' held' : status === 'pending' && isLimited ? ' held back' : ''}`,
    ),
    ...attempts.flatMap((list) =>
      list
        .toSorted((a, b) => a.number - b.number)
        .map(({ stageId, number, state, end }) => `attempt ${stageId}-${number} ${state} ${end}`),
    ),
    ...steps.flatMap((list) =>
      list.map(({ stageId, number, status }) => `step ${stageId}-${number} ${status}`),
    ),
  ]
}
