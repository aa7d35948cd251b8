import { isWaggleError, type Stage } from '@waggle/domain'
import type { ExplainDeps } from './explain-deps.ts'
import type { WaitReason } from './wait-reason.ts'

export interface QueuePlace {
  /** `null` = not known: it is in no queue, or a worker has it. */
  readonly ahead: number | null
  readonly depth: number | null
  readonly reasons: readonly WaitReason[]
}

/** Where a stage that may be offered stands in its queue: one look into Redis, whose order is the order of dispatch. */
export const placeInQueue = async (
  deps: Pick<ExplainDeps, 'database' | 'offers' | 'log'>,
  stage: Pick<Stage, 'id' | 'attempt' | 'partition'>,
): Promise<QueuePlace> => {
  const offer = { stageId: stage.id, attempt: stage.attempt + 1, partition: stage.partition }
  try {
    const place = await deps.offers.place(offer)
    const { depth } = place
    if (place.kind === 'waiting') return { ahead: place.ahead, depth, reasons: [] }
    if (place.kind === 'fetched') return { ahead: 0, depth, reasons: [{ code: 'offered' }] }
    const [nextCheckAt, epoch, wanted] = await Promise.all([
      deps.database.ticks.dueAt('reconcile'),
      deps.offers.epoch(),
      deps.database.settings.get('queue_epoch'),
    ])
    const isWhole = epoch !== wanted
    return { ahead: null, depth, reasons: [{ code: 'not_queued', nextCheckAt, isWhole }] }
  } catch (err) {
    if (!isWaggleError(err, 'unavailable')) throw err
    deps.log.debug('place in the queue not known', { err, 'stage.id': stage.id })
    return { ahead: null, depth: null, reasons: [{ code: 'queue_away' }] }
  }
}
