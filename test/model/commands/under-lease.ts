import assert from 'node:assert/strict'
import {
  acknowledgeCancel,
  finishStage,
  grantSteps,
  type LeaseOutcome,
  releaseStage,
  startStage,
} from '@waggle/control'
import { isWaggleError, type Lease, type StageResult } from '@waggle/domain'
import fc from 'fast-check'
import { twoSteps } from '../../integration/lease-of.ts'
import { Act } from '../act.ts'
import type { Model, ModelAttempt } from '../model.ts'
import type { World } from '../open-world.ts'
import { away, pick, which } from './draw.ts'
import { telling } from './telling.ts'

/** A call under a lease. */
export type UnderLease = (
  model: Model,
  world: World,
  attempt: ModelAttempt,
  lease: Lease,
  extra: number,
) => Promise<string>

/** Of an open attempt mostly, of any now and then. */
export const underLease = (name: string, doing: UnderLease): fc.Arbitrary<Act> =>
  fc
    .record({
      at: which,
      extra: which,
      isAny: fc.constantFrom(false, false, false, true),
      isAway: away,
    })
    .map(
      ({ at, extra, isAny, isAway }) =>
        new Act(
          name,
          (model) => (isAny ? model.attempts : model.open).length > 0,
          async (model, world) => {
            const attempt = pick(isAny ? model.attempts : model.open, at)
            const said = await callIt(model, world, attempt, isAway, doing, extra)
            return `${nameOf(attempt)}: ${said}${isAway ? ', Redis is away' : ''}`
          },
        ),
    )

export const callIt = (
  model: Model,
  world: World,
  attempt: ModelAttempt,
  isAway: boolean,
  doing: UnderLease,
  extra: number,
): Promise<string> =>
  telling(model, world, isAway, () => doing(model, world, attempt, leaseOf(world, attempt), extra))

const leaseOf = (world: World, { worker, stage, number, token }: ModelAttempt): Lease => ({
  workerId: world.workers[worker]?.id ?? '',
  stageId: stage.id,
  attempt: number,
  token,
})

export const nameOf = ({ stage, number }: ModelAttempt): string => `${stage.id}-${number}`

/** `ok`, the code of a refusal, or the kind of an error. */
export const outcomeOf = async (
  world: World,
  call: Promise<LeaseOutcome | undefined>,
): Promise<string> => {
  const outcome = await call.then(
    (answer) => (answer?.kind === 'refused' ? answer.code : 'ok'),
    (error: unknown) => {
      if (isWaggleError(error)) return error.kind
      throw error
    },
  )
  if (outcome === 'lease_lost' || outcome === 'cancelled' || outcome === 'invalid')
    world.tally.did(`refused: ${outcome}`)
  return outcome
}

export const startIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const grants = extra % 2 === 0 ? [] : [{ step: 1, try: 1 }]
  const outcome = await outcomeOf(world, startStage(world.deps, lease, { steps: twoSteps, grants }))
  const expected = model.refusal(attempt) ?? 'ok'
  assert.equal(outcome, expected)
  if (expected !== 'ok') return expected
  if (attempt.stage.status === 'pending') model.start(attempt)
  for (const { step } of grants) model.grant(attempt, step)
  world.tally.did('started')
  return `ok${grants.length > 0 ? ', step 1 granted' : ''}`
}

export const grantIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const step = 1 + (extra % 3)
  const { steps } = attempt.stage
  const grants = [{ step, try: 1 }]
  const outcome = await outcomeOf(world, grantSteps(world.deps, lease, { updates: [], grants }))
  const expected = model.refusal(attempt) ?? (step > steps.length ? 'invalid' : 'ok')
  assert.equal(outcome, expected)
  if (expected === 'ok') {
    model.grant(attempt, step)
    world.tally.did('granted')
  }
  return `step ${step}: ${expected}`
}

const ends = ['success', 'failure', 'error', 'killed'] as const

export const finishIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const status = pick(ends, extra)
  const end: StageResult = {
    status,
    exitCode: status === 'success' ? 0 : 1,
    error: '',
    updates: [],
  }
  const outcome = await outcomeOf(world, finishStage(world.deps, lease, end))
  const mayEnd = attempt.stage.status === 'running' || status === 'error' || status === 'killed'
  const refused = model.refusal(attempt, 'finished')
  assert.equal(outcome, refused ?? (mayEnd ? 'ok' : 'invalid'))
  if (refused === null && mayEnd) {
    model.finish(attempt, status)
    world.tally.did(`finished: ${status}`)
  }
  return `${status}: ${outcome}`
}

export const releaseIt: UnderLease = async (model, world, attempt, lease) => {
  const outcome = await outcomeOf(world, releaseStage(world.deps, lease, 'no engine'))
  const refused = model.refusal(attempt, 'released')
  assert.equal(outcome, refused ?? (attempt.state === 'granted' ? 'invalid' : 'ok'))
  if (refused === null && outcome === 'ok') {
    model.requeue(attempt, 'released')
    world.tally.did('released')
  }
  return outcome
}

export const acknowledgeIt: UnderLease = async (model, world, attempt, lease) => {
  const outcome = await outcomeOf(world, acknowledgeCancel(world.deps, lease, []))
  const isClosing = attempt.state === 'closing'
  const isOpen = attempt.state !== 'ended'
  const expected = isClosing ? 'ok' : isOpen ? 'invalid' : model.refusal(attempt, 'cancelled')
  assert.equal(outcome, expected)
  if (isClosing) {
    model.acknowledge(attempt)
    world.tally.did('acknowledged')
  }
  return outcome
}

/** A call with a token of somebody else changes nothing. */
export const forgeIt: UnderLease = async (_, world, __, lease, extra) => {
  const wrong = pick(
    [
      { ...lease, token: `${lease.token}x` },
      { ...lease, attempt: lease.attempt + 1 },
      { ...lease, workerId: 'somebody' },
    ],
    extra,
  )
  const end: StageResult = { status: 'success', exitCode: 0, error: '', updates: [] }
  assert.equal(await outcomeOf(world, finishStage(world.deps, wrong, end)), 'lease_lost')
  world.tally.did('forged call refused')
  return 'lease_lost'
}
