import { entryOf, isOver, type Model, type ModelStage } from '../model.ts'
import type { World } from '../open-world.ts'

/** Does it, with what became of stages told to the queue or not. */
export const telling = async <T>(
  model: Model,
  world: World,
  isAway: boolean,
  doing: () => Promise<T>,
): Promise<T> => {
  const before = new Map(model.stages.map((stage) => [stage.id, snapshot(stage)]))
  const untold = model.untold.length
  model.lostAtOnce = 0
  world.isAway = isAway
  try {
    return await doing()
  } finally {
    world.isAway = false
    const early = model.lostAtOnce > 1 ? await letGoEarly(model, world) : new Set<number>()
    for (const stage of model.stages)
      noteOffer(model, stage, before.get(stage.id), isAway, early.has(stage.id))
    if (model.untold.length > untold) world.tally.did('Redis was away')
  }
}

/** Where several attempts are lost, the end of the first may let a stage go that an elder comes to hold back only with the
 *  end of the next. */
const letGoEarly = async (model: Model, world: World): Promise<ReadonlySet<number>> => {
  const rows = new Set(await world.rows())
  const early = model.stages.filter(({ id, attempt }) =>
    rows.has(`stage ${id} pending attempt ${attempt}`),
  )
  return new Set(early.map(({ id }) => id))
}

interface Snapshot {
  readonly isWaiting: boolean
  readonly entry: string
}

const snapshot = (stage: ModelStage): Snapshot => ({
  isWaiting: stage.status === 'pending' && !stage.isHeld,
  entry: entryOf(stage),
})

const noteOffer = (
  model: Model,
  stage: ModelStage,
  before: Snapshot | undefined,
  isAway: boolean,
  isEarly: boolean,
): void => {
  const { isWaiting, entry } = snapshot(stage)
  const isNew = isWaiting && (!before?.isWaiting || before.entry !== entry)
  const wasHeldBack = stage.isHeldBack
  if (isNew || stage.isHeldBack)
    stage.isHeldBack = isWaiting && model.isLimited(stage) && !(isNew && isEarly)
  // While paused nothing is offered, so nothing of it stays untold either: resuming offers all.
  if (isWaiting && !stage.isHeldBack && (isNew || wasHeldBack) && !model.isPaused) {
    if (isAway) model.untold.push({ kind: 'offer', entry })
    else model.offered.add(entry)
  }
  if (before?.isWaiting && !isWaiting && isOver(stage.status)) {
    model.offered.delete(before.entry)
    if (!isAway) return
    model.untold.push({ kind: 'withdraw', entry: before.entry })
    model.stale.add(before.entry)
  }
}
