import { type ControlDeps, isPaused } from '@waggle/control'
import {
  canServe,
  type Database,
  type Offer,
  partitionOf,
  type Stage,
  type WorkerProfile,
} from '@waggle/domain'

type FoundOffer = Offer & { readonly partition: string }

const lookMs = 1_000
/** Workers that look at the same moment should not all get the same stage. */
const spread = 16
const mostPartitions = 10_000

/** An offer straight from SQL, for a worker that does not reach Redis: waits until there is one that it can serve, at
 *  most `waitMs`. A hint like any other: accept decides. Looking costs what partitions there are, not what waits. */
export const takeOffer = async (
  deps: Pick<ControlDeps, 'database' | 'clock'>,
  profile: WorkerProfile,
  waitMs: number,
  signal: AbortSignal,
): Promise<FoundOffer | null> => {
  const endsAt = deps.clock.monotonic() + waitMs
  for (;;) {
    const found = (await isPaused(deps)) ? null : await findOffer(deps.database, profile)
    const leftMs = endsAt - deps.clock.monotonic()
    if (found || leftMs <= 0 || signal.aborted) return found
    await deps.clock.sleep(Math.min(leftMs, lookMs), signal).catch(() => undefined)
  }
}

/** From one of its partitions, whichever: no partition waits for the others to be empty. */
const findOffer = async (
  database: Database,
  profile: WorkerProfile,
): Promise<FoundOffer | null> => {
  const heads = await readHeads(database)
  const fitting = heads.filter((stage) => canServe(profile, partitionOf(stage)))
  const head = any(fitting)
  if (!head) return null
  const stage = any(await database.stages.listOfferableOf(head.partition, spread))
  if (!stage) return null
  return { stageId: stage.id, attempt: stage.attempt + 1, partition: stage.partition }
}

const reading = new WeakMap<Database, Promise<readonly Stage[]>>()

/** All who look at the same moment share one reading. */
const readHeads = (database: Database): Promise<readonly Stage[]> => {
  const shared = reading.get(database)
  if (shared) return shared
  const heads = database.stages
    .listOfferableHeads(mostPartitions)
    .finally(() => reading.delete(database))
  reading.set(database, heads)
  return heads
}

const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]
