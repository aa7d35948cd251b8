import { offerAfterLoss } from '@waggle/control'
import type { BenchControl } from './bench-control.ts'
import type { BenchDatabase } from './bench-database.ts'
import { copyStages, endStages, partitionCount } from './fill-stages.ts'
import { type Round, registerWorkers, startPool, type WorkerPool } from './worker-pool.ts'

/** One installation: a database and keys of its own. */
export interface Side {
  readonly base: BenchDatabase
  readonly control: BenchControl
  readonly redis: { readonly url: string; readonly prefix: string }
}

const perRound = 600

/** What was seen of each round, by turns, so that a machine that becomes slower or faster meanwhile does not decide.
 *  With few, each round begins with 1,000 pending stages, one in each partition. What the last round with many accepted
 *  is still held afterwards. */
export const dispatchInTurn = async (
  few: Side,
  many: Side,
  rounds: number,
): Promise<{ readonly few: readonly Round[]; readonly many: readonly Round[] }> => {
  const pools = { few: await openPool(few), many: await openPool(many) }
  const seen = { few: [] as Round[], many: [] as Round[] }
  // The first round of each warms the processes up.
  for (let i = 0; i <= rounds; i++) {
    await replaceFew(few, i + 1)
    const ofFew = async () => seen.few.push(await pools.few.round(perRound))
    const ofMany = async () => {
      // Not in between: it reads all there is past the database's caches, which no server does to itself.
      if (i === rounds) endStages(many.base, 'accepted')
      seen.many.push(await pools.many.round(perRound))
    }
    for (const round of i % 2 === 0 ? [ofFew, ofMany] : [ofMany, ofFew]) await round()
  }
  await pools.few.stop()
  await pools.many.stop()
  return { few: seen.few.slice(1), many: seen.many.slice(1) }
}

const openPool = async ({ control, redis }: Side): Promise<WorkerPool> =>
  startPool(control, await registerWorkers(control), redis)

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
