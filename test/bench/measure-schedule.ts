import { join } from 'node:path'
import { offerAfterLoss } from '@waggle/control'
import { startPostgres, startRedis, type TestRedis, tempFolder } from '@waggle/testkit'
import { type Figure, type MeasureOptions, median, percentile } from './figures.ts'
import { openBenchControl } from './schedule/bench-control.ts'
import {
  type BenchDatabase,
  openBenchPostgres,
  openBenchSqlite,
} from './schedule/bench-database.ts'
import { dispatchInTurn, type Side } from './schedule/dispatch-rounds.ts'
import {
  copyStages,
  endStages,
  partitionCount,
  settleDatabase,
  submitFirst,
} from './schedule/fill-stages.ts'
import { explainSome, timeLoad, timeSubmit, timeTick } from './schedule/time-questions.ts'
import type { Round } from './schedule/worker-pool.ts'

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

interface Seen {
  readonly kind: BenchDatabase['kind']
  readonly pending: number
  readonly rounds: { readonly few: readonly Round[]; readonly many: readonly Round[] }
  /** Milliseconds, with few and with many. */
  readonly ticks: Pair
  readonly submits: Pair
  readonly loads: Pair
  readonly explained: readonly number[]
  readonly offerSeconds: number
  readonly bytesPerStage: number
  readonly bytesPerPartition: number
}

interface Pair {
  readonly few: number
  readonly many: number
}

const measureOn = async (
  kind: BenchDatabase['kind'],
  pending: number,
  quick: boolean,
): Promise<readonly Figure[]> => {
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
    const bytesPerStage = ((await usedMemory(redis)) - first) / (pending - partitionCount)
    await submitFirst(few.control)
    settleDatabase(few.base)
    say('dispatching')
    const rounds = await dispatchInTurn(few, many, quick ? 4 : 10)
    say('explaining')
    const explained = await explainSome(many, quick ? 100 : 1_000)
    say('ticks, submitting, counting')
    endStages(many.base, 'accepted')
    const both = async (measure: (side: Side) => Promise<number>) => ({
      few: await measure(few),
      many: await measure(many),
    })
    const ticks = await both(timeTick)
    const submits = await both(timeSubmit)
    const loads = await both(timeLoad)
    say('done')
    return figuresOf({
      ...{ kind, pending, rounds, ticks, submits, loads, explained, offerSeconds, bytesPerStage },
      bytesPerPartition: (first - before) / partitionCount,
    })
  } finally {
    for (const side of sides) await side.control.close()
    await postgres?.stop()
    await redis.stop()
    await folder.remove()
  }
}

const figuresOf = (seen: Seen): readonly Figure[] => {
  const { kind, ticks, submits, loads, explained } = seen
  const size = seen.pending.toLocaleString('en')
  const eachOf = (key: keyof Round): Pair => ({
    few: median(seen.rounds.few.map((round) => round[key])),
    many: median(seen.rounds.many.map((round) => round[key])),
  })
  const rate = eachOf('perSecond')
  return [
    {
      name: `dispatch with ${size} pending, of that with 1,000 (${kind})`,
      value: (100 * rate.many) / rate.few,
      unit: '%',
      reach: { kind: 'min', value: 90 },
    },
    {
      name: `dispatch with ${size} pending (${kind})`,
      value: rate.many,
      floor: rate.few,
      unit: 'stages/s',
    },
    {
      name: `memory in Redis for a pending stage, ${size} of them (${kind})`,
      value: seen.bytesPerStage,
      unit: 'B',
      reach: { kind: 'max', value: 1_024 },
    },
    {
      name: `memory in Redis for a partition with one pending stage (${kind})`,
      value: seen.bytesPerPartition,
      unit: 'B',
    },
    {
      name: `offering all of ${size} again after a loss (${kind})`,
      value: seen.pending / seen.offerSeconds,
      unit: 'stages/s',
    },
    {
      name: `why a stage is pending, with ${size} pending, median (${kind})`,
      value: median(explained),
      unit: 'ms',
    },
    {
      name: `why a stage is pending, with ${size} pending, p99 (${kind})`,
      value: percentile(explained, 0.99),
      unit: 'ms',
      reach: { kind: 'max', value: 50 },
    },
    ...pairs(
      [
        [
          `processor time of the API for a dispatch, with ${size} pending (${kind})`,
          eachOf('cpuMs'),
        ],
        [`all ticks of a server once, with ${size} pending (${kind})`, ticks],
        [`submitting a build of 10 stages, with ${size} pending (${kind})`, submits],
        [`counting what waits for the metrics, with ${size} pending (${kind})`, loads],
      ],
      'ms',
    ),
  ]
}

const pairs = (rows: readonly (readonly [string, Pair])[], unit: string): readonly Figure[] =>
  rows.map(([name, { few, many }]) => ({ name, value: many, floor: few, unit }))

const openSide = async (base: BenchDatabase, server: TestRedis, prefix: string): Promise<Side> => {
  const redis = { url: server.url, prefix }
  return { base, redis, control: await openBenchControl(base.database, redis) }
}

const usedMemory = async (redis: TestRedis): Promise<number> => {
  const info = await redis.command('INFO', 'memory')
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}
