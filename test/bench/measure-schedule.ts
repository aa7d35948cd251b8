import { join } from 'node:path'
import {
  Cleanup,
  explainWait,
  LimitCheck,
  OrderKeeper,
  offerAfterLoss,
  Reaper,
  ReaperHealth,
  Reconciler,
} from '@waggle/control'
import { startPostgres, startRedis, type TestRedis, tempFolder } from '@waggle/testkit'
import { type Figure, type MeasureOptions, median, percentile } from './figures.ts'
import { type BenchControl, openBenchControl } from './schedule/bench-control.ts'
import {
  type BenchDatabase,
  openBenchPostgres,
  openBenchSqlite,
} from './schedule/bench-database.ts'
import {
  copyStages,
  endStages,
  partitionCount,
  settleDatabase,
  submitFirst,
} from './schedule/fill-stages.ts'
import { registerWorkers, startPool } from './schedule/worker-pool.ts'

/** The scheduler with very many pending stages in 1,000 partitions and 1,000 workers, beside the same with 1,000: a
 *  dispatch, a tick and an explanation should cost what they do, not what is pending. */
export const measureSchedule = async (
  quick: boolean,
  { pending, database }: MeasureOptions = {},
): Promise<readonly Figure[]> => {
  const sizes = quick ? quickSizes : fullSizes
  const figures: Figure[] = []
  for (const kind of ['postgres', 'sqlite'] as const)
    if (database === undefined || database === kind)
      figures.push(...(await measureOn(kind, pending ?? sizes[kind], quick)))
  return figures
}

const fullSizes = { postgres: 1_000_000, sqlite: 100_000 } as const
const quickSizes = { postgres: 20_000, sqlite: 5_000 } as const

const perRound = 600

const measureOn = async (
  kind: BenchDatabase['kind'],
  pending: number,
  quick: boolean,
): Promise<readonly Figure[]> => {
  const rounds = quick ? 3 : 8
  const redis = await startRedis({ persistent: false })
  const postgres = kind === 'postgres' ? await startPostgres() : null
  const folder = await tempFolder('schedule')
  const open = (name: string) =>
    postgres ? openBenchPostgres(postgres) : openBenchSqlite(join(folder.path, `${name}.db`))
  const sides: Side[] = []
  const openNamed = async (name: string) => {
    const side = await openSide(await open(name), redis, `{${name}}`)
    sides.push(side)
    return side
  }
  const began = performance.now()
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - began) / 1_000)
    process.stderr.write(`  ${kind}: ${text} (after ${seconds} s)\n`)
  }
  try {
    const few = await openNamed('few')
    const many = await openNamed('many')
    say(`filling in ${pending} stages`)
    const before = await usedMemory(redis)
    await submitFirst(many.control)
    const first = await usedMemory(redis)
    copyStages(many.base, 1, pending / partitionCount - 1)
    settleDatabase(many.base)
    say('offering them')
    const begin = performance.now()
    await offerAfterLoss(many.control.deps)
    const offerSeconds = (performance.now() - begin) / 1_000
    const perStage = ((await usedMemory(redis)) - first) / (pending - partitionCount)

    await submitFirst(few.control)
    say('dispatching')
    // Before and after, so that a machine that becomes slower or faster meanwhile does not decide.
    const rates = {
      few: await dispatchFew(few, rounds / 2, 1),
      many: await dispatchMany(many, rounds),
    }
    rates.few.push(...(await dispatchFew(few, rounds / 2, 1_000)))
    say('explaining')
    const explained = await explainSome(many, quick ? 60 : 300)
    const ticks = { few: await timeTick(few), many: await timeTick(many) }
    const size = pending.toLocaleString('en')
    return [
      {
        name: `dispatch with ${size} pending, of that with 1,000 (${kind})`,
        value: (100 * median(rates.many)) / median(rates.few),
        unit: '%',
        reach: { kind: 'min', value: 90 },
      },
      {
        name: `dispatch with ${size} pending (${kind})`,
        value: median(rates.many),
        floor: median(rates.few),
        unit: 'stages/s',
      },
      {
        name: `memory in Redis for a pending stage, ${size} of them (${kind})`,
        value: perStage,
        unit: 'B',
        reach: { kind: 'max', value: 1_024 },
      },
      {
        name: `memory in Redis for a partition with one pending stage (${kind})`,
        value: (first - before) / partitionCount,
        unit: 'B',
      },
      {
        name: `offering all of ${size} again after a loss (${kind})`,
        value: pending / offerSeconds,
        unit: 'stages/s',
      },
      {
        name: `why a stage is pending, with ${size} pending, p99 (${kind})`,
        value: percentile(explained, 0.99),
        unit: 'ms',
        reach: { kind: 'max', value: 50 },
      },
      {
        name: `all ticks of a server once, with ${size} pending (${kind})`,
        value: ticks.many,
        floor: ticks.few,
        unit: 'ms',
      },
    ]
  } finally {
    for (const side of sides) await side.control.close()
    await postgres?.stop()
    await redis.stop()
    await folder.remove()
  }
}

/** One installation: a database and keys of its own. */
interface Side {
  readonly base: BenchDatabase
  readonly control: BenchControl
  readonly redis: { readonly url: string; readonly prefix: string }
}

const openSide = async (base: BenchDatabase, server: TestRedis, prefix: string): Promise<Side> => {
  const redis = { url: server.url, prefix }
  return { base, redis, control: await openBenchControl(base.database, redis) }
}

/** Each round begins with 1,000 pending stages, one in each partition. */
const dispatchFew = async (side: Side, rounds: number, firstCopy: number): Promise<number[]> => {
  const pool = await startPool(side.control, await registerWorkers(side.control), side.redis)
  const rates: number[] = []
  for (let i = 0; i <= rounds; i++) {
    await replaceFew(side, firstCopy + i)
    rates.push(await pool.round(perRound))
  }
  await pool.stop()
  // The first one warms the processes up.
  return rates.slice(1)
}

const replaceFew = async ({ base, control }: Side, copy: number): Promise<void> => {
  const { database, offers } = control.deps
  const old = await database.stages.listOfferable(0, 2 * partitionCount)
  await offers.withdraw(
    old.map(({ id, attempt, partition }) => ({ stageId: id, attempt: attempt + 1, partition })),
  )
  endStages(base, 'all')
  copyStages(base, copy, copy)
  await offers.setEpoch('')
  await offerAfterLoss(control.deps)
}

const dispatchMany = async (side: Side, rounds: number): Promise<number[]> => {
  const pool = await startPool(side.control, await registerWorkers(side.control), side.redis)
  const rates: number[] = []
  for (let i = 0; i <= rounds; i++) {
    rates.push(await pool.round(perRound))
    endStages(side.base, 'accepted')
  }
  await pool.stop()
  return rates.slice(1)
}

/** Milliseconds of each, for stages from all over the queue, with 1,000 workers that were just heard of. */
const explainSome = async (side: Side, count: number): Promise<number[]> => {
  const { deps } = side.control
  await registerWorkers(side.control)
  const times: number[] = []
  const heads = await deps.database.stages.listOfferableHeads(count)
  for (const { partition } of heads) {
    const line = await deps.database.stages.listOfferableOf(partition, 50)
    const stage = line.at(-1)
    if (!stage) throw new Error('a partition has no stage')
    const begin = performance.now()
    const report = await explainWait(deps, stage)
    times.push(performance.now() - begin)
    if (report.position < 1) throw new Error('a pending stage has no place in its queue')
  }
  return times
}

/** Milliseconds of one tick of everything that looks at stages; the median of several. */
const timeTick = async ({ control: { deps } }: Side): Promise<number> => {
  const health = new ReaperHealth(deps.clock, 0)
  const works = [
    new LimitCheck(deps),
    new Reconciler(deps),
    new OrderKeeper(deps),
    new Reaper(deps, health),
  ]
  const cleanup = new Cleanup(deps, health)
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const begin = performance.now()
    for (const work of works) await work.run(0)
    await cleanup.run(0, new AbortController().signal)
    times.push(performance.now() - begin)
  }
  return median(times)
}

const usedMemory = async (redis: TestRedis): Promise<number> => {
  const info = await redis.command('INFO', 'memory')
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}
