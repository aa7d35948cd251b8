import assert from 'node:assert/strict'
import {
  acceptStage,
  acknowledgeCancel,
  approveStage,
  cancelBuild,
  declineStage,
  finishStage,
  freePlace,
  grantSteps,
  heartbeat,
  type LeaseOutcome,
  pauseQueue,
  pumpOutbox,
  releaseStage,
  resumeQueue,
  startStage,
  submitBuild,
} from '@waggle/control'
import { failpoints, isWaggleError, type Lease, makeHook, type StageResult } from '@waggle/domain'
import fc from 'fast-check'
import { twoSteps } from '../integration/lease-of.ts'
import { Act } from './act.ts'
import { manifestOf } from './manifest-of.ts'
import {
  entryOf,
  isOver,
  type Model,
  type ModelAttempt,
  type ModelStage,
  type StagePlan,
} from './model.ts'
import type { World } from './open-world.ts'

/** Which of those that are there; any number is good. */
const which = fc.nat({ max: 60 })
/** Redis does not answer while the step is told: its promise stays in the outbox. */
const away = fc.integer({ min: 0, max: 7 }).map((one) => one === 7)

const pick = <T>(list: readonly T[], at: number): T => {
  assert(list.length > 0, 'nothing to pick from')
  return list[at % list.length] as T
}

/** Does it, with what became of stages told to the queue or not. */
const telling = async <T>(
  model: Model,
  world: World,
  isAway: boolean,
  doing: () => Promise<T>,
): Promise<T> => {
  const before = new Map(model.stages.map((stage) => [stage.id, snapshot(stage)]))
  world.isAway = isAway
  try {
    return await doing()
  } finally {
    world.isAway = false
    for (const stage of model.stages) noteOffer(model, stage, before.get(stage.id), isAway)
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
  if (isWaiting && !stage.isHeldBack && (isNew || wasHeldBack)) {
    if (isAway) model.untold.push({ kind: 'offer', entry })
    else if (!model.isPaused) model.offered.add(entry)
  }
  if (before?.isWaiting && !isWaiting && isOver(stage.status)) {
    model.offered.delete(before.entry)
    if (!isAway) return
    model.untold.push({ kind: 'withdraw', entry: before.entry })
    model.stale.add(before.entry)
  }
}

/** `ok`, the code of a refusal, or the kind of an error. */
const outcomeOf = async (call: Promise<LeaseOutcome | undefined | object>): Promise<string> => {
  try {
    const outcome = await call
    return outcome && 'code' in outcome ? String(outcome.code) : 'ok'
  } catch (error) {
    if (isWaggleError(error)) return error.kind
    throw error
  }
}

const leaseOf = (world: World, { worker, stage, number, token }: ModelAttempt): Lease => ({
  workerId: world.workers[worker]?.id ?? '',
  stageId: stage.id,
  attempt: number,
  token,
})

const nameOf = ({ stage, number }: ModelAttempt): string => `${stage.id}-${number}`

const stagePlan = (number: number): fc.Arbitrary<StagePlan> =>
  fc.record({
    name: fc.constant(`s${number}`),
    arch: fc.constantFrom('amd64', 'arm64'),
    dependsOn: fc.subarray(
      Array.from({ length: number - 1 }, (_, index) => `s${index + 1}`),
      { maxLength: Math.min(2, number - 1) },
    ),
    onSuccess: fc.constantFrom(true, true, true, false),
    onFailure: fc.boolean(),
    limit: fc.constantFrom(0, 0, 1, 2),
  })

export const submit = fc
  .record({
    count: fc.constantFrom(1, 1, 2, 2, 3, 4),
    stages: fc.tuple(stagePlan(1), stagePlan(2), stagePlan(3), stagePlan(4)),
    isBlocked: fc.constantFrom(false, false, false, true),
    throttle: fc.constantFrom(0, 0, 0, 0, 1, 3),
    // The process dies between the commit and telling it.
    isKilled: away,
  })
  .map(({ count, stages: drawn, isBlocked, throttle, isKilled }) => {
    // One that runs in no case cannot be written down.
    const stages = drawn
      .slice(0, count)
      .map((plan) => ({ ...plan, onSuccess: plan.onSuccess || !plan.onFailure }))
    return new Act(
      'submit',
      (model) => model.builds.length < 4,
      async (model, world) => {
        const repo = { ...world.repo, protected: isBlocked, throttle }
        const hook = makeHook({
          trigger: '@hook',
          event: 'push',
          ref: 'refs/heads/main',
          target: 'main',
        })
        await telling(model, world, isKilled, async () => {
          const stop = isKilled ? dieAt('hook.committed') : () => undefined
          const submitted = submitBuild(world.deps, {
            repo,
            hook,
            cloneUrl: '',
            manifest: { text: manifestOf(stages) },
            resolve: false,
          })
          await (isKilled ? assert.rejects(submitted, /died at/) : submitted).finally(stop)
          const number = model.builds.length + 1
          const build = await world.deps.database.builds.findByNumber(world.repo.id, number)
          assert(build, `the build has another number than ${number}`)
          const made = await world.deps.database.stages.listByBuild(build.id)
          assert.equal(made.length, stages.length, build.error)
          const added = {
            id: build.id,
            number,
            status: 'pending' as const,
            stages: [] as ModelStage[],
          }
          for (const [index, plan] of stages.entries())
            added.stages.push({
              ...plan,
              id: made[index]?.id ?? 0,
              number: index + 1,
              throttle,
              build: added,
              status: isBlocked
                ? 'blocked'
                : plan.dependsOn.length > 0
                  ? 'waiting_on_dependencies'
                  : 'pending',
              attempt: 0,
              isHeld: false,
              isHeldBack: false,
              hasStarted: false,
              losses: 0,
              steps: [],
              keepsPlace: false,
            })
          model.submit(added)
        })
        const shown = stages.map(
          ({ name, dependsOn, limit }) =>
            `${name}${dependsOn.length > 0 ? `(${dependsOn.join()})` : ''}${limit > 0 ? ` limit ${limit}` : ''}`,
        )
        return `${shown.join(', ')}${isBlocked ? ' blocked' : ''}${isKilled ? ', dies before it is told' : ''}`
      },
    )
  })

const dieAt = (name: string): (() => void) => {
  const board = {
    hit: (at: string) => (at === name ? Promise.reject(new Error(`died at ${at}`)) : undefined),
  }
  const known = globalThis as Record<symbol, unknown>
  known[failpoints] = board
  return () => {
    delete known[failpoints]
  }
}

/** `offered`: the entry of a stage that waits. `any`: of any stage, with an attempt that is too old or too new. */
const accept = fc
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

const waiting = (model: Model) =>
  model.stages.filter((stage) => stage.status === 'pending' && !stage.isHeld)

/** The same accept again, as after a lost answer. */
const acceptAgain = which.map(
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
  // The worker finishes its entry after any answer, unless it dies before.
  if (isFinished) {
    const partition = (await world.deps.database.stages.find(stage.id))?.partition ?? ''
    await world.deps.offers.withdraw([{ stageId: stage.id, attempt, partition }])
    model.stale.delete(entry)
  } else model.stale.add(entry)
  model.offered.delete(entry)
  return said
}

/** A call under a lease, of an open attempt mostly, of any now and then. */
type UnderLease = (
  model: Model,
  world: World,
  attempt: ModelAttempt,
  lease: Lease,
  extra: number,
) => Promise<string>

const underLease = (name: string, doing: UnderLease) =>
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
            const said = await telling(model, world, isAway, () =>
              doing(model, world, attempt, leaseOf(world, attempt), extra),
            )
            return `${nameOf(attempt)}: ${said}${isAway ? ', Redis is away' : ''}`
          },
        ),
    )

const startIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const grants = extra % 2 === 0 ? [] : [{ step: 1, try: 1 }]
  const outcome = await outcomeOf(startStage(world.deps, lease, { steps: twoSteps, grants }))
  const expected = model.refusal(attempt) ?? 'ok'
  assert.equal(outcome, expected)
  if (expected !== 'ok') return expected
  if (attempt.stage.status === 'pending') model.start(attempt)
  for (const { step } of grants) model.grant(attempt, step)
  return `ok${grants.length > 0 ? ', step 1 granted' : ''}`
}

const grantIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const step = 1 + (extra % 3)
  const { steps } = attempt.stage
  const outcome = await outcomeOf(
    grantSteps(world.deps, lease, { updates: [], grants: [{ step, try: 1 }] }),
  )
  const expected = model.refusal(attempt) ?? (step > steps.length ? 'invalid' : 'ok')
  assert.equal(outcome, expected)
  if (expected === 'ok') model.grant(attempt, step)
  return `step ${step}: ${expected}`
}

const ends = ['success', 'failure', 'error', 'killed'] as const

const finishIt: UnderLease = async (model, world, attempt, lease, extra) => {
  const status = pick(ends, extra)
  const end: StageResult = {
    status,
    exitCode: status === 'success' ? 0 : 1,
    error: '',
    updates: [],
  }
  const outcome = await outcomeOf(finishStage(world.deps, lease, end))
  const mayEnd = attempt.stage.status === 'running' || status === 'error' || status === 'killed'
  const refused = model.refusal(attempt, 'finished')
  assert.equal(outcome, refused ?? (mayEnd ? 'ok' : 'invalid'))
  if (refused === null && mayEnd) model.finish(attempt, status)
  return `${status}: ${outcome}`
}

const releaseIt: UnderLease = async (model, world, attempt, lease) => {
  const outcome = await outcomeOf(releaseStage(world.deps, lease, 'no engine'))
  const refused = model.refusal(attempt, 'released')
  assert.equal(outcome, refused ?? (attempt.state === 'granted' ? 'invalid' : 'ok'))
  if (refused === null && outcome === 'ok') model.requeue(attempt, 'released')
  return outcome
}

const acknowledgeIt: UnderLease = async (model, world, attempt, lease) => {
  const outcome = await outcomeOf(acknowledgeCancel(world.deps, lease, []))
  const isClosing = attempt.state === 'closing'
  const isOpen = attempt.state !== 'ended'
  const expected = isClosing ? 'ok' : isOpen ? 'invalid' : model.refusal(attempt, 'cancelled')
  assert.equal(outcome, expected)
  if (isClosing) model.acknowledge(attempt)
  return outcome
}

/** A call with a token of somebody else changes nothing. */
const forgeIt: UnderLease = async (_, world, __, lease, extra) => {
  const wrong = pick(
    [
      { ...lease, token: `${lease.token}x` },
      { ...lease, attempt: lease.attempt + 1 },
      { ...lease, workerId: 'somebody' },
    ],
    extra,
  )
  const end: StageResult = { status: 'success', exitCode: 0, error: '', updates: [] }
  assert.equal(await outcomeOf(finishStage(world.deps, wrong, end)), 'lease_lost')
  return 'lease_lost'
}

const beat = fc.record({ worker: fc.nat({ max: 1 }), isAll: fc.boolean() }).map(
  ({ worker, isAll }) =>
    new Act(
      'heartbeat',
      (model) => model.open.length > 0,
      async (model, world) => {
        const record = world.workers[worker]
        assert(record, 'no such worker')
        const named = isAll ? model.attempts : model.attempts.slice(0, 1)
        const answer = await heartbeat(
          world.deps,
          record,
          named.map(({ stage, number }) => ({ stageId: stage.id, attempt: number })),
        )
        const held = named.filter(
          (one) => one.state !== 'ended' && one.worker === worker && one.boot === record.bootId,
        )
        for (const attempt of held) attempt.silentMs = 0
        const refs = (list: readonly ModelAttempt[]) => list.map(nameOf).toSorted()
        const given = (list: readonly { stageId: number; attempt: number }[]) =>
          list.map(({ stageId, attempt }) => `${stageId}-${attempt}`).toSorted()
        assert.deepEqual(
          given(answer.cancelled),
          refs(held.filter((one) => one.state === 'closing')),
        )
        assert.deepEqual(given(answer.lost), refs(named.filter((one) => !held.includes(one))))
        return `of ${worker} with ${refs(named).join()}`
      },
    ),
)

const ofBuild = (
  name: string,
  doing: (model: Model, world: World, at: number) => Promise<string>,
  can: (model: Model) => boolean = (model) => model.builds.length > 0,
) =>
  fc.record({ at: which, isAway: away }).map(
    ({ at, isAway }) =>
      new Act(name, can, async (model, world) => {
        const said = await telling(model, world, isAway, () => doing(model, world, at))
        return `${said}${isAway ? ', Redis is away' : ''}`
      }),
  )

const cancel = ofBuild('cancel', async (model, world, at) => {
  const build = pick(model.builds, at)
  const { isCancelled } = await cancelBuild(world.deps, build, 'ann')
  assert.equal(isCancelled, !isOver(build.status))
  model.cancel(build)
  return `build ${build.number}`
})

const hasBlocked = (model: Model) => model.stages.some(({ status }) => status === 'blocked')

const approveIt = async (model: Model, world: World, stage: ModelStage): Promise<string> => {
  const outcome = await outcomeOf(
    approveStage(world.deps, stage.build, stage.number, 'ann').then(() => undefined),
  )
  const isBlocked = stage.status === 'blocked'
  assert.equal(outcome, isBlocked ? 'ok' : 'invalid')
  if (isBlocked) model.approve(stage)
  return `${stage.id}: ${outcome}`
}

const approve = ofBuild('approve', (model, world, at) =>
  approveIt(model, world, pick(model.stages, at)),
)

const decline = ofBuild(
  'decline',
  async (model, world, at) => {
    const stage = pick(
      model.stages.filter(({ status }) => status === 'blocked'),
      at,
    )
    await declineStage(world.deps, stage.build, stage.number, 'ann')
    model.decline(stage.build)
    return `build ${stage.build.number}`
  },
  hasBlocked,
)

const passTime = fc.constantFrom(11_000, 41_000, 101_000).map(
  (ms) =>
    new Act(
      'silence',
      (model) => model.open.length > 0,
      async (model, world) => {
        await world.passTime(ms)
        model.passTime(ms)
        return `of ${ms / 1_000} s`
      },
    ),
)

/** The worker has cleaned up after a stage that it lost, or an admin says so. */
const free = ofBuild(
  'free place',
  async (model, world, at) => {
    const stage = pick(
      model.stages.filter(({ keepsPlace }) => keepsPlace),
      at,
    )
    const record = await world.deps.database.stages.find(stage.id)
    assert(record)
    assert.equal(await freePlace(world.deps, record, 'its worker has cleaned up'), true)
    stage.keepsPlace = false
    return String(stage.id)
  },
  (model) => model.stages.some(({ keepsPlace }) => keepsPlace),
)

const reap = ofBuild(
  'reap',
  async (model, world, at) => {
    const ms = pick([0, 41_000, 101_000], at)
    await world.passTime(ms)
    model.passTime(ms)
    const ended = await world.reaper.run(0)
    const silent = model.open.filter(
      ({ state, silentMs }) => silentMs > (state === 'leased' ? 30_000 : 90_000),
    )
    assert.equal(ended, silent.length)
    for (const attempt of silent.toSorted((a, b) => b.silentMs - a.silentMs)) model.lose(attempt)
    return `after ${ms / 1_000} s: ${silent.map(nameOf).join() || 'none'}`
  },
  (model) => model.open.length > 0,
)

const restartWorker = async (model: Model, world: World, worker: number): Promise<void> => {
  await world.restartWorker(worker)
  for (const attempt of model.open) if (attempt.worker === worker) model.lose(attempt)
}

const restart = ofBuild(
  'restart worker',
  async (model, world, at) => {
    await restartWorker(model, world, at % 2)
    return String(at % 2)
  },
  (model) => model.open.length > 0,
)

/** A worker that takes a stage and dies of it, and starts again. */
const takeAndDie = fc.record({ at: which, worker: fc.nat({ max: 1 }) }).map(
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

const pause = fc.constant(null).map(
  () =>
    new Act(
      'pause',
      (model) => !model.isPaused,
      async (model, world) => {
        await pauseQueue(world.deps)
        model.isPaused = true
        return ''
      },
    ),
)

export const offerAll = (model: Model): void => {
  for (const stage of model.stages) if (model.mayGo(stage)) model.offered.add(entryOf(stage))
}

const resume = away.map(
  (isAway) =>
    new Act(
      'resume',
      (model) => model.isPaused,
      async (model, world) => {
        world.isAway = isAway
        await resumeQueue(world.deps)
        world.isAway = false
        model.isPaused = false
        if (!isAway) offerAll(model)
        return isAway ? ', Redis is away' : ''
      },
    ),
)

/** What the outbox still promised is told; a pump while Redis is away changes nothing. */
export const pumpNow = async (model: Model, world: World): Promise<void> => {
  await pumpOutbox(world.deps, 0)
  for (const { kind, entry } of model.untold) {
    const stage = model.stages.find((one) => entryOf(one) === entry)
    if (kind === 'offer' && stage && model.mayGo(stage)) model.offered.add(entry)
    if (kind === 'withdraw') model.stale.delete(entry)
  }
  model.untold = []
}

const pump = fc.constant(null).map(
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

export const reconcileNow = async (model: Model, world: World): Promise<void> => {
  await world.reconciler.run()
  if (!model.isPaused) offerAll(model)
}

const reconcile = fc.constant(null).map(
  () =>
    new Act(
      'reconcile',
      (model) => model.stages.length > 0,
      async (model, world) => {
        await reconcileNow(model, world)
        return ''
      },
    ),
)

const flush = fc.constant(null).map(
  () =>
    new Act(
      'flush redis',
      (model) => model.stages.length > 0,
      async (model, world) => {
        await world.flush()
        model.offered.clear()
        model.stale.clear()
        return ''
      },
    ),
)

/** What comes next for something that is there: these move builds on to their ends. */
const goOn = fc.record({ at: which, extra: which, isAway: away }).map(
  ({ at, extra, isAway }) =>
    new Act(
      'go on:',
      (model) => nexts(model).length > 0,
      async (model, world) => {
        const said = await pick(nexts(model), at)(model, world, extra, isAway)
        return `${said}${isAway ? ', Redis is away' : ''}`
      },
    ),
)

type Next = (model: Model, world: World, extra: number, isAway: boolean) => Promise<string>

const nexts = (model: Model): readonly Next[] => [
  // Also those that came under a limit since they were offered: their accept is refused.
  ...waiting(model)
    .filter((stage) => model.offered.has(entryOf(stage)))
    .map(acceptNext),
  ...model.open.map(reportNext),
  ...model.stages.filter(({ status }) => status === 'blocked').map(approveNext),
]

const acceptNext =
  (stage: ModelStage): Next =>
  async (model, world, extra) =>
    `accept ${await takeFirst(model, world, stage, extra % 2)}`

const takeFirst = (model: Model, world: World, stage: ModelStage, worker: number) => {
  const boot = world.workers[worker]?.bootId ?? ''
  const attempt = stage.attempt + 1
  const requestId = `${stage.id}-${attempt} by ${worker}`
  return take(model, world, { stage, attempt, worker, boot, requestId, isFinished: true })
}

const approveNext =
  (stage: ModelStage): Next =>
  async (model, world, _, isAway) =>
    `approve ${await telling(model, world, isAway, () => approveIt(model, world, stage))}`

const reportNext =
  (attempt: ModelAttempt): Next =>
  async (model, world, extra, isAway) => {
    const { state, stage } = attempt
    const [name, doing, with_]: readonly [string, UnderLease, number] =
      state === 'closing'
        ? ['acknowledge', acknowledgeIt, 0]
        : stage.status === 'pending'
          ? ['start', startIt, extra]
          : ['finish', finishIt, extra % 3 === 0 ? extra : 0]
    const said = await telling(model, world, isAway, () =>
      doing(model, world, attempt, leaseOf(world, attempt), with_),
    )
    return `${name} ${nameOf(attempt)}: ${said}`
  }

/** Each with its weight: those that move builds on come more often than those that disturb them. */
export const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: goOn, weight: 40 },
  { arbitrary: submit, weight: 9 },
  { arbitrary: accept, weight: 5 },
  { arbitrary: acceptAgain, weight: 3 },
  { arbitrary: underLease('start', startIt), weight: 3 },
  { arbitrary: underLease('grant', grantIt), weight: 3 },
  { arbitrary: underLease('finish', finishIt), weight: 4 },
  { arbitrary: underLease('release', releaseIt), weight: 3 },
  { arbitrary: underLease('acknowledge', acknowledgeIt), weight: 2 },
  { arbitrary: underLease('forge', forgeIt), weight: 2 },
  { arbitrary: beat, weight: 3 },
  { arbitrary: cancel, weight: 3 },
  { arbitrary: approve, weight: 2 },
  { arbitrary: decline, weight: 1 },
  { arbitrary: passTime, weight: 5 },
  { arbitrary: reap, weight: 5 },
  { arbitrary: free, weight: 3 },
  { arbitrary: restart, weight: 2 },
  { arbitrary: takeAndDie, weight: 5 },
  { arbitrary: pause, weight: 1 },
  { arbitrary: resume, weight: 3 },
  { arbitrary: pump, weight: 4 },
  { arbitrary: reconcile, weight: 2 },
  { arbitrary: flush, weight: 2 },
)
