import assert from 'node:assert/strict'
import { entryOf, type Model } from './model.ts'
import type { World } from './open-world.ts'

/** SQL, queue and model say the same. Gives the entries of the queues. */
export const agree = async (model: Model, world: World): Promise<ReadonlySet<string>> => {
  const [rows, entries] = await Promise.all([world.rows(), world.entries()])
  assert.deepEqual(rows, rowsOf(model), 'SQL differs from the model')
  assert.equal(
    new Set(entries).size,
    entries.length,
    `an offer is in the queues twice: ${entries.join()}`,
  )
  const mayGo = new Set(
    model.stages.filter((stage) => model.mayGo(stage) && !stage.isHeldBack).map(entryOf),
  )
  const pending = new Set(
    model.stages.filter(({ status, isHeld }) => status === 'pending' && !isHeld).map(entryOf),
  )
  const there = new Set(entries)
  const missing = [...model.offered].filter((entry) => mayGo.has(entry) && !there.has(entry))
  assert.deepEqual(missing, [], 'offers that the queues should hold')
  // One that was offered before a pause, or before an elder came under its limit, stays: its accept is refused.
  const strange = entries.filter((entry) => !pending.has(entry) && !model.stale.has(entry))
  assert.deepEqual(strange, [], 'entries that the queues should not hold')
  return there
}

/** As `World.rows` reads them. */
const rowsOf = ({ builds, stages, attempts }: Model): readonly string[] => [
  ...builds.map(({ id, status }) => `build ${id} ${status}`),
  ...stages.map(
    ({ id, status, attempt, isHeld, isHeldBack }) =>
      `stage ${id} ${status} attempt ${attempt}${isHeld ? ' held' : isHeldBack ? ' held back' : ''}`,
  ),
  ...attempts
    .toSorted((a, b) => a.stage.id - b.stage.id || a.number - b.number)
    .map(({ stage, number, state, end }) => `attempt ${stage.id}-${number} ${state} ${end}`),
  ...stages.flatMap(({ id, steps }) =>
    steps.map((status, index) => `step ${id}-${index + 1} ${status}`),
  ),
]
