import assert from 'node:assert/strict'
import { submitBuild } from '@waggle/control'
import { failpoints, makeHook, type Repo } from '@waggle/domain'
import fc from 'fast-check'
import { Act } from '../act.ts'
import { manifestOf } from '../manifest-of.ts'
import type { Model, ModelBuild, ModelStage, StagePlan } from '../model.ts'
import type { World } from '../open-world.ts'
import { away } from './draw.ts'
import { telling } from './telling.ts'

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

/** What a repository wants done with the builds before a new one. */
export const supersedings = ['nothing', 'nothing', 'nothing', 'waiting', 'all'] as const

/** A build of one to four stages; now and then blocked, or its process dies between the commit and telling it. */
export const submit = fc
  .record({
    count: fc.constantFrom(1, 1, 2, 2, 3, 4),
    stages: fc.tuple(stagePlan(1), stagePlan(2), stagePlan(3), stagePlan(4)),
    isBlocked: fc.constantFrom(false, false, false, true),
    throttle: fc.constantFrom(0, 0, 0, 0, 1, 3),
    supersedes: fc.constantFrom(...supersedings),
    isKilled: away,
  })
  .map(({ count, stages: drawn, ...how }) => {
    // One that runs in no case cannot be written down.
    const stages = drawn
      .slice(0, count)
      .map((plan) => ({ ...plan, onSuccess: plan.onSuccess || !plan.onFailure }))
    return new Act(
      'submit',
      (model) => model.builds.length < 4,
      (model, world) => submitIt(model, world, { stages, ...how }),
    )
  })

interface Submitted {
  readonly stages: readonly StagePlan[]
  readonly isBlocked: boolean
  readonly throttle: number
  readonly supersedes: (typeof supersedings)[number]
  readonly isKilled: boolean
}

/** What the repository says at this moment. */
export const repoSaying = (
  { repo }: World,
  { isBlocked, throttle, supersedes }: Pick<Submitted, 'isBlocked' | 'throttle' | 'supersedes'>,
): Repo => ({
  ...repo,
  protected: isBlocked,
  throttle,
  autoCancelPushes: supersedes !== 'nothing',
  autoCancelRunning: supersedes === 'all',
})

/** Puts the new build into the model, and ends there what it supersedes. */
export const addBuild = (
  model: Model,
  world: World,
  build: ModelBuild,
  supersedes: Submitted['supersedes'],
): void => {
  model.submit(build)
  model.advance(build)
  if (supersedes === 'nothing') return
  world.tally.did('superseded', model.supersede(build, supersedes === 'all').length)
}

const hook = makeHook({ trigger: '@hook', event: 'push', ref: 'refs/heads/main', target: 'main' })

const submitIt = async (model: Model, world: World, submitted: Submitted): Promise<string> => {
  const { stages, isBlocked, isKilled, supersedes } = submitted
  const repo = repoSaying(world, submitted)
  await telling(model, world, isKilled, async () => {
    const revive = isKilled ? dieAt('hook.committed') : () => undefined
    const call = submitBuild(world.deps, {
      repo,
      hook,
      cloneUrl: '',
      manifest: { text: manifestOf(stages) },
      resolve: false,
    })
    await (isKilled ? assert.rejects(call, /died at/) : call).finally(revive)
    // One that died before it told the queue did not come to superseding either.
    addBuild(model, world, await madeOf(model, world, submitted), isKilled ? 'nothing' : supersedes)
  })
  world.tally.did('submitted')
  if (isBlocked) world.tally.did('submitted blocked')
  if (isKilled) world.tally.did('submitted, not told')
  const shown = stages.map(
    ({ name, dependsOn, limit }) =>
      `${name}${dependsOn.length > 0 ? `(${dependsOn.join()})` : ''}${limit > 0 ? ` limit ${limit}` : ''}`,
  )
  const old = supersedes === 'nothing' ? '' : `, supersedes ${supersedes}`
  return `${shown.join(', ')}${isBlocked ? ' blocked' : ''}${old}${isKilled ? ', dies before it is told' : ''}`
}

/** As the model has it: ids are the database's, all else is what was asked for. */
export const madeOf = async (
  model: Model,
  { deps, repo }: World,
  { stages, isBlocked, throttle }: Pick<Submitted, 'stages' | 'isBlocked' | 'throttle'>,
): Promise<ModelBuild> => {
  const number = model.builds.length + 1
  const build = await deps.database.builds.findByNumber(repo.id, number)
  assert(build, `the build has another number than ${number}`)
  const made = await deps.database.stages.listByBuild(build.id)
  assert.equal(made.length, stages.length, build.error)
  const modelBuild: ModelBuild & { stages: ModelStage[] } = {
    id: build.id,
    number,
    status: 'pending',
    stages: [],
  }
  for (const [index, plan] of stages.entries())
    modelBuild.stages.push({
      ...plan,
      id: made[index]?.id ?? 0,
      number: index + 1,
      throttle,
      build: modelBuild,
      status: statusAtFirst(plan, isBlocked),
      attempt: 0,
      isHeld: false,
      isHeldBack: false,
      hasStarted: false,
      losses: 0,
      steps: [],
      keepsPlace: false,
    })
  return modelBuild
}

const statusAtFirst = ({ dependsOn }: StagePlan, isBlocked: boolean): ModelStage['status'] => {
  if (isBlocked) return 'blocked'
  return dependsOn.length > 0 ? 'waiting_on_dependencies' : 'pending'
}

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
