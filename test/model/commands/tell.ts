import { pumpOutbox, type Reconciler } from '@waggle/control'
import fc from 'fast-check'
import { Act } from '../act.ts'
import { entryOf, type Model } from '../model.ts'
import type { World } from '../open-world.ts'
import { offerAll } from './decide.ts'
import { pick, which } from './draw.ts'

/** What the outbox still promised is told; a pump while Redis is away changes nothing. */
export const pumpNow = async (model: Model, world: World): Promise<void> => {
  await pumpOutbox(world.deps, 0)
  for (const { kind, entry } of model.untold) {
    const stage = model.stages.find((one) => entryOf(one) === entry)
    if (kind === 'offer' && stage && model.mayGo(stage)) model.offered.add(entry)
    if (kind === 'withdraw') model.stale.delete(entry)
    world.tally.did(`pumped: ${kind}`)
  }
  model.untold = []
}

export const pump = fc.constant(null).map(
  () =>
    new Act(
      'pump',
      (model) => model.untold.length > 0,
      async (model, world) => {
        await pumpNow(model, world)
        return ''
      },
    ),
)

/** One tick of a reconciler that begins its round: every offer that is missing comes back. */
export const reconcileNow = async (
  model: Model,
  world: World,
  reconciler: Reconciler,
): Promise<void> => {
  await reconciler.run()
  if (model.isPaused) return
  const offered = model.offered.size
  offerAll(model)
  world.tally.did('reconciled: offer lost before', model.offered.size - offered)
}

/** Two ticks of one that went on from where it was: the first ends its round, the second is the next one. */
export const reconcile = fc.constant(null).map(
  () =>
    new Act(
      'reconcile',
      (model) => model.stages.length > 0,
      async (model, world) => {
        await world.reconciler.run()
        await reconcileNow(model, world, world.reconciler)
        return ''
      },
    ),
)

export const flush = fc.constant(null).map(
  () =>
    new Act(
      'flush redis',
      (model) => model.stages.length > 0,
      async (model, world) => {
        await world.flush()
        model.offered.clear()
        model.stale.clear()
        world.tally.did('flushed')
        return ''
      },
    ),
)

export const loseOne = which.map(
  (at) =>
    new Act(
      'lose an offer',
      (model) => model.offered.size > 0,
      async (model, world) => {
        const entry = pick([...model.offered], at)
        await world.drop(entry)
        model.offered.delete(entry)
        world.tally.did('one offer lost')
        return entry
      },
    ),
)
