import assert from 'node:assert/strict'
import { freePlace, heartbeat } from '@waggle/control'
import fc from 'fast-check'
import { Act } from '../act.ts'
import type { Model, ModelAttempt } from '../model.ts'
import type { World } from '../open-world.ts'
import { takeFirst, waiting } from './accept.ts'
import { ofMany } from './decide.ts'
import { pick, which } from './draw.ts'
import { telling } from './telling.ts'
import { callIt, nameOf, startIt } from './under-lease.ts'

export const beat = fc.record({ worker: fc.nat({ max: 1 }), isAll: fc.boolean() }).map(
  ({ worker, isAll }) =>
    new Act(
      'heartbeat',
      (model) => model.open.length > 0,
      (model, world) =>
        beatWith(world, worker, isAll ? model.attempts : model.attempts.slice(0, 1)),
    ),
)

/** A heartbeat of the worker that names these attempts, its own or not. */
export const beatWith = async (
  world: World,
  worker: number,
  named: readonly ModelAttempt[],
): Promise<string> => {
  const record = world.workers[worker]
  assert(record, 'no such worker')
  const answer = await heartbeat(
    world.deps,
    record,
    named.map(({ stage, number }) => ({ stageId: stage.id, attempt: number })),
  )
  const held = named.filter(
    (one) => one.state !== 'ended' && one.worker === worker && one.boot === record.bootId,
  )
  const cancelled = held.filter((one) => one.state === 'closing')
  const lost = named.filter((one) => !held.includes(one))
  for (const attempt of held) attempt.silentMs = 0
  assert.deepEqual(givenNames(answer.cancelled), names(cancelled))
  assert.deepEqual(givenNames(answer.lost), names(lost))
  world.tally.did('lease renewed', held.length)
  world.tally.did('heartbeat told a cancel', cancelled.length)
  world.tally.did('heartbeat told a loss', lost.length)
  return `of ${worker} with ${names(named).join()}`
}

const names = (list: readonly ModelAttempt[]) => list.map(nameOf).toSorted()

const givenNames = (list: readonly { readonly stageId: number; readonly attempt: number }[]) =>
  list.map(({ stageId, attempt }) => `${stageId}-${attempt}`).toSorted()

export const passTime = fc.constantFrom(11_000, 41_000, 101_000).map(
  (ms) =>
    new Act(
      'silence',
      (model) => model.open.length > 0,
      async (model, world) => {
        await world.passTime(ms)
        model.passTime(ms)
        world.tally.did('silent')
        return `of ${ms / 1_000} s`
      },
    ),
)

export const reap = ofMany(
  'reap',
  (model, world, at) => reapAfter(model, world, pick([0, 41_000, 101_000], at)),
  (model) => model.open.length > 0,
)

const reapAfter = async (model: Model, world: World, ms: number): Promise<string> => {
  await world.passTime(ms)
  model.passTime(ms)
  const ended = await world.reaper.run(0)
  const silent = model.open.filter(
    ({ state, silentMs }) => silentMs > (state === 'leased' ? 30_000 : 90_000),
  )
  assert.equal(ended, silent.length)
  for (const attempt of silent.toSorted((a, b) => b.silentMs - a.silentMs)) {
    model.lose(attempt)
    world.tally.did(attempt.end === 'lost' ? 'reaped: lost' : 'reaped: requeued')
  }
  return `after ${ms / 1_000} s: ${silent.map(nameOf).join() || 'none'}`
}

/** The worker has cleaned up after a stage that it lost, or an admin says so. */
export const free = ofMany(
  'free place',
  async (model, world, at) => {
    const stage = pick(placesKept(model), at)
    const record = await world.deps.database.stages.find(stage.id)
    assert(record)
    assert.equal(await freePlace(world.deps, record, 'its worker has cleaned up'), true)
    stage.keepsPlace = false
    world.tally.did('place freed')
    return String(stage.id)
  },
  (model) => placesKept(model).length > 0,
)

const placesKept = (model: Model) => model.stages.filter(({ keepsPlace }) => keepsPlace)

const restartWorker = async (model: Model, world: World, worker: number): Promise<void> => {
  await world.restartWorker(worker)
  for (const attempt of model.open.filter((one) => one.worker === worker)) {
    model.lose(attempt)
    world.tally.did('worker restarted with its stages')
  }
}

export const restart = ofMany(
  'restart worker',
  async (model, world, at) => {
    await restartWorker(model, world, at % 2)
    return String(at % 2)
  },
  (model) => model.open.length > 0,
)

/** A worker that takes a stage and dies of it, and starts again. */
export const takeAndDie = fc.record({ at: which, worker: fc.nat({ max: 1 }) }).map(
  ({ at, worker }) =>
    new Act(
      'take and die:',
      (model) => waiting(model).length > 0,
      async (model, world) => {
        const said = await takeFirst(model, world, pick(waiting(model), at), worker)
        await telling(model, world, false, () => restartWorker(model, world, worker))
        return said
      },
    ),
)

/** A worker that is lost while a step of its stage may run. */
export const startAndVanish = which.map(
  (at) =>
    new Act(
      'start and vanish:',
      (model) => leased(model).length > 0,
      async (model, world) => {
        const attempt = pick(leased(model), at)
        const withGrant = 1
        const started = await callIt(model, world, attempt, false, startIt, withGrant)
        const reaped = await telling(model, world, false, () => reapAfter(model, world, 101_000))
        return `${nameOf(attempt)} started: ${started}; reaped ${reaped}`
      },
    ),
)

const leased = (model: Model) => model.open.filter(({ state }) => state === 'leased')
