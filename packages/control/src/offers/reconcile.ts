import { randomUUID } from 'node:crypto'
import { isWaggleError, type Stage, type Stores } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { isPaused } from '../decisions/is-paused.ts'
import { RollingSlice } from '../rolling-slice.ts'
import { offerOf, publishOffers } from './dispatch.ts'

type ReconcileDeps = Pick<ControlDeps, 'database' | 'offers' | 'log'>

const batchSize = 500
/** More at once: the stages of a batch that stand in one partition cost little more than one of them. */
const offeredAtOnce = 2_000

/** Makes the queues hold again what SQL says may run (rule G2). Costs two questions when nothing was lost; all
 *  stages, in batches, when Redis no longer has the epoch; and one slice of a rolling comparison each time. */
export class Reconciler {
  readonly #deps: ReconcileDeps
  readonly #slices: RollingSlice<Stage>

  constructor(deps: ReconcileDeps) {
    this.#deps = deps
    this.#slices = new RollingSlice((after) => deps.database.stages.listOfferable(after, batchSize))
  }

  /** One tick. Gives how many offers were published. Throws `unavailable` where Redis or the database is away. */
  async run(): Promise<number> {
    // Nothing is offered while paused; resuming offers all of it.
    if (await isPaused(this.#deps)) return 0
    const restored = await offerAfterLoss(this.#deps)
    return restored + (await this.#compareSlice())
  }

  async #compareSlice(): Promise<number> {
    const { offers, log } = this.#deps
    const slice = await this.#slices.next()
    if (slice.length === 0) return 0
    const missing = await offers.missing(slice.map(offerOf))
    if (missing.length === 0) return 0
    // An entry that a worker holds at this moment may look lost: its second offer is refused at accept.
    const ids = new Set(missing.map((offer) => offer.stageId))
    const count = await publishOffers(
      this.#deps,
      slice.filter((stage) => ids.has(stage.id)),
    )
    log.info('offers missing in the queues were published again', { count })
    return count
  }
}

/** Offers everything that may run, if Redis does not hold this installation's epoch: then it was emptied, or came
 *  back from before the epoch was set. Gives how many offers were published. */
export const offerAfterLoss = async (deps: ReconcileDeps): Promise<number> => {
  const epoch = await currentEpoch(deps.database)
  if ((await deps.offers.epoch()) === epoch) return 0
  // Marked while it fills: if Redis is emptied meanwhile the mark is gone too, and the next tick starts over.
  const mark = `filling ${randomUUID()}`
  await deps.offers.setEpoch(mark)
  const count = await offerAll(deps)
  if ((await deps.offers.epoch()) !== mark) return count
  await deps.offers.setEpoch(epoch)
  deps.log.info('the queues had lost their epoch, everything was offered again', { count })
  return count
}

const currentEpoch = async (stores: Pick<Stores, 'settings'>): Promise<string> =>
  (await stores.settings.get('queue_epoch')) ??
  (await stores.settings.init('queue_epoch', randomUUID()))

const offerAll = async (deps: ReconcileDeps): Promise<number> => {
  const list = (afterId: number) => deps.database.stages.listOfferable(afterId, offeredAtOnce)
  let count = 0
  let batch = await list(0)
  while (batch.length > 0) {
    const last = batch.at(-1)?.id ?? 0
    // The next ones are read while these go to Redis.
    const [published, following] = await Promise.all([offerBatch(deps, batch), list(last)])
    count += published
    batch = following
  }
  return count
}

/** One stage that cannot be offered must not keep the others back (threats.md T-47). */
const offerBatch = async (deps: ReconcileDeps, batch: readonly Stage[]): Promise<number> => {
  try {
    return await publishOffers(deps, batch)
  } catch (error) {
    if (isWaggleError(error, 'unavailable')) throw error
    const [stage] = batch
    if (stage && batch.length === 1) {
      deps.log.error('a stage cannot be offered', {
        'build.id': stage.buildId,
        'stage.id': stage.id,
        err: error,
      })
      return 0
    }
    let count = 0
    for (const one of batch) count += await offerBatch(deps, [one])
    return count
  }
}
