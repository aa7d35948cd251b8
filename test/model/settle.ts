import assert from 'node:assert/strict'
import { Reconciler, resumeQueue } from '@waggle/control'
import { agree } from './agree.ts'
import { offerAll } from './commands/decide.ts'
import { pumpNow, reconcileNow } from './commands/tell.ts'
import { entryOf, type Model } from './model.ts'
import type { World } from './open-world.ts'

/** After any sequence: when everything is up again, the outbox and the reconciler bring back every offer. */
export const settle = async (model: Model, world: World): Promise<void> => {
  if (model.isPaused) {
    await resumeQueue(world.deps)
    model.isPaused = false
    offerAll(model)
  }
  if (model.untold.length > 0) await pumpNow(model, world)
  await reconcileNow(model, world, new Reconciler(world.deps))
  const entries = await agree(model, world)
  const lost = model.stages
    .filter((stage) => model.mayGo(stage))
    .map(entryOf)
    .filter((entry) => !entries.has(entry))
  assert.deepEqual(lost, [], 'stages that may run and that nobody is offered')
}
