import assert from 'node:assert/strict'
import { acceptStage } from '@waggle/control'
import fc from 'fast-check'
import { Act } from '../act.ts'
import type { Model, ModelAttempt, ModelStage } from '../model.ts'
import type { World } from '../open-world.ts'
import { pick, which } from './draw.ts'

/** Stages that wait for a worker. */
export const waiting = (model: Model): readonly ModelStage[] =>
  model.stages.filter((stage) => stage.status === 'pending' && !stage.isHeld)

/** `offered`: the entry of a stage that waits. `any`: of any stage, with an attempt that is too old or too new. */
export const accept = fc
  .record({
    way: fc.constantFrom('offered', 'offered', 'offered', 'offered', 'any'),
    at: which,
    worker: fc.nat({ max: 1 }),
    off: fc.constantFrom(-1, 0, 1),
    isFinished: fc.constantFrom(true, true, true, false),
  })
  .map(
    ({ way, at, worker, off, isFinished }) =>
      new Act(
        'accept',
        (model) => (way === 'any' ? model.stages.length > 0 : waiting(model).length > 0),
        async (model, world) => {
          const stage = way === 'any' ? pick(model.stages, at) : pick(waiting(model), at)
          const attempt = Math.max(1, stage.attempt + 1 + (way === 'any' ? off : 0))
          const boot = world.workers[worker]?.bootId ?? ''
          const requestId = `${stage.id}-${attempt} by ${worker}`
          return take(model, world, { stage, attempt, worker, boot, requestId, isFinished })
        },
      ),
  )

/** The same accept again, as after a lost answer. */
export const acceptAgain = which.map(
  (at) =>
    new Act(
      'accept again',
      (model) => model.attempts.length > 0,
      async (model, world) => {
        const { stage, number, worker, boot, requestId } = pick(model.attempts, at)
        if (boot !== world.workers[worker]?.bootId) return 'nothing: its boot is over'
        return take(model, world, {
          stage,
          attempt: number,
          worker,
          boot,
          requestId,
          isFinished: true,
        })
      },
    ),
)

/** The next attempt of a stage that waits. */
export const takeFirst = (model: Model, world: World, stage: ModelStage, worker: number) => {
  const boot = world.workers[worker]?.bootId ?? ''
  const attempt = stage.attempt + 1
  const requestId = `${stage.id}-${attempt} by ${worker}`
  return take(model, world, { stage, attempt, worker, boot, requestId, isFinished: true })
}

const take = async (
  model: Model,
  world: World,
  asked: Pick<ModelAttempt, 'stage' | 'worker' | 'boot' | 'requestId'> & {
    readonly attempt: number
    readonly isFinished: boolean
  },
): Promise<string> => {
  const { stage, attempt, worker, boot, requestId, isFinished } = asked
  const record = world.workers[worker]
  assert(record, 'no such worker')
  const answer = await acceptStage(world.deps, record, stage.id, { attempt, requestId })
  const expected = model.accept(stage, attempt, worker, boot, requestId)
  const entry = `${stage.id}-${attempt}`
  const said = `${entry} by ${worker}: ${expected}`
  if (answer.kind === 'refused') {
    // Where both are true it may say either.
    const isEither = expected === 'paused' && answer.code === 'limited' && model.isLimited(stage)
    assert.equal(answer.code, isEither ? 'limited' : expected, said)
    if (expected === 'limited') stage.isHeldBack = true
  } else if (expected === 'repeated') {
    const before = model.attempts.find((one) => one.requestId === requestId && one.boot === boot)
    assert.equal(answer.leaseToken, before?.token, 'a repeat gets the same bytes')
  } else {
    assert.equal('accepted', expected, said)
    model.take({ stage, number: attempt, worker, boot, requestId, token: answer.leaseToken })
  }
  world.tally.did(effectOf[expected])
  // The worker finishes its entry after any answer, unless it dies before.
  if (isFinished) {
    const partition = world.partitionOf(stage)
    await world.deps.offers.withdraw([{ stageId: stage.id, attempt, partition }])
    model.stale.delete(entry)
  } else model.stale.add(entry)
  model.offered.delete(entry)
  return said
}

const effectOf = {
  accepted: 'accepted',
  repeated: 'accept repeated',
  not_pending: 'accept refused: not_pending',
  limited: 'accept refused: limited',
  paused: 'accept refused: paused',
} as const
