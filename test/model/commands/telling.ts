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
  world.isAway = isAway
  try {
    return await doing()
  } finally {
    world.isAway = false
    for (const stage of model.stages) noteOffer(model, stage, before.get(stage.id), isAway)
    if (model.untold.length > untold) world.tally.did('Redis was away')
  }
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
): void => {
  const { isWaiting, entry } = snapshot(stage)
  const isNew = isWaiting && (!before?.isWaiting || before.entry !== entry)
  const wasHeldBack = stage.isHeldBack
  if (isNew || stage.isHeldBack) stage.isHeldBack = isWaiting && model.isLimited(stage)
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
