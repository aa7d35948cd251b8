import assert from 'node:assert/strict'
import { approveStage, cancelBuild, declineStage, pauseQueue, resumeQueue } from '@waggle/control'
import fc from 'fast-check'
import { Act } from '../act.ts'
import { entryOf, isOver, type Model, type ModelStage } from '../model.ts'
import type { World } from '../open-world.ts'
import { away, pick, which } from './draw.ts'
import { telling } from './telling.ts'
import { outcomeOf } from './under-lease.ts'

/** Something that is done to one of many, `at`; Redis is away now and then. */
export const ofMany = (
  name: string,
  doing: (model: Model, world: World, at: number) => Promise<string>,
  can: (model: Model) => boolean,
): fc.Arbitrary<Act> =>
  fc.record({ at: which, isAway: away }).map(
    ({ at, isAway }) =>
      new Act(name, can, async (model, world) => {
        const said = await telling(model, world, isAway, () => doing(model, world, at))
        return `${said}${isAway ? ', Redis is away' : ''}`
      }),
  )

export const cancel = ofMany(
  'cancel',
  async (model, world, at) => {
    const build = pick(model.builds, at)
    const { isCancelled } = await cancelBuild(world.deps, build, 'ann')
    assert.equal(isCancelled, !isOver(build.status))
    model.cancel(build)
    if (isCancelled) world.tally.did('cancelled')
    return `build ${build.number}`
  },
  (model) => model.builds.length > 0,
)

export const approveIt = async (model: Model, world: World, stage: ModelStage): Promise<string> => {
  const call = approveStage(world.deps, stage.build, stage.number, 'ann').then(() => undefined)
  const outcome = await outcomeOf(world, call)
  const isBlocked = stage.status === 'blocked'
  assert.equal(outcome, isBlocked ? 'ok' : 'invalid')
  if (isBlocked) {
    model.approve(stage)
    world.tally.did('approved')
  }
  return `${stage.id}: ${outcome}`
}

export const approve = ofMany(
  'approve',
  (model, world, at) => approveIt(model, world, pick(model.stages, at)),
  (model) => model.stages.length > 0,
)

const blocked = (model: Model) => model.stages.filter(({ status }) => status === 'blocked')

export const decline = ofMany(
  'decline',
  async (model, world, at) => {
    const stage = pick(blocked(model), at)
    await declineStage(world.deps, stage.build, stage.number, 'ann')
    model.decline(stage.build)
    world.tally.did('declined')
    return `build ${stage.build.number}`
  },
  (model) => blocked(model).length > 0,
)

export const pause = fc.constant(null).map(
  () =>
    new Act(
      'pause',
      (model) => !model.isPaused,
      async (model, world) => {
        await pauseQueue(world.deps)
        model.isPaused = true
        world.tally.did('paused')
        return ''
      },
    ),
)

export const resume = away.map(
  (isAway) =>
    new Act(
      'resume',
      (model) => model.isPaused,
      async (model, world) => {
        world.isAway = isAway
        await resumeQueue(world.deps)
        world.isAway = false
        model.isPaused = false
        world.tally.did('resumed')
        if (!isAway) offerAll(model)
        return isAway ? ', Redis is away' : ''
      },
    ),
)

/** Every stage that may go is in the queues. */
export const offerAll = (model: Model): void => {
  for (const stage of model.stages) if (model.mayGo(stage)) model.offered.add(entryOf(stage))
}
