import {
  Cleanup,
  explainWait,
  LimitCheck,
  OrderKeeper,
  Reaper,
  ReaperHealth,
  Reconciler,
} from '@waggle/control'
import { median } from '../figures.ts'
import type { Side } from './dispatch-rounds.ts'
import { submitAgain } from './fill-stages.ts'
import { registerWorkers } from './worker-pool.ts'

const atPlace = 50

/** Milliseconds of each, for stages from all over the queues, with 1,000 workers that were just heard of. */
export const explainSome = async ({ control }: Side, count: number): Promise<readonly number[]> => {
  const { deps } = control
  await registerWorkers(control)
  const times: number[] = []
  for (const { partition } of await deps.database.stages.listOfferableHeads(count)) {
    const line = await deps.database.stages.listOfferableOf(partition, atPlace)
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
export const timeTick = ({ control: { deps } }: Side): Promise<number> => {
  const health = new ReaperHealth(deps.clock, 0)
  const works = [
    new LimitCheck(deps),
    new Reconciler(deps),
    new OrderKeeper(deps),
    new Reaper(deps, health),
  ]
  const cleanup = new Cleanup(deps, health)
  return timeEach(7, async () => {
    for (const work of works) await work.run(0)
    await cleanup.run(0, new AbortController().signal)
  })
}

/** Milliseconds until a build of 10 stages is stored and offered. */
export const timeSubmit = ({ control }: Side): Promise<number> =>
  timeEach(20, () => submitAgain(control, 1))

/** Milliseconds of counting what waits and runs in each partition. */
export const timeLoad = ({ control: { deps } }: Side): Promise<number> =>
  timeEach(5, () => deps.database.stages.loadByPartition())

const timeEach = async (count: number, work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const begin = performance.now()
    await work()
    times.push(performance.now() - begin)
  }
  return median(times)
}
