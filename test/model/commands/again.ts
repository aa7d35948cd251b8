import assert from 'node:assert/strict'
import { restartBuild, retryFailed } from '@waggle/control'
import fc from 'fast-check'
import { Act } from '../act.ts'
import { isOver, type Model, type ModelBuild } from '../model.ts'
import type { World } from '../open-world.ts'
import { away, pick, which } from './draw.ts'
import { addBuild, madeOf, repoSaying, supersedings } from './submit.ts'
import { telling } from './telling.ts'
import { outcomeOf } from './under-lease.ts'

interface Drawn {
  readonly throttle: number
  readonly supersedes: (typeof supersedings)[number]
}

/** A way to make a new build of an older one. */
interface Way {
  readonly name: string
  readonly effect: 'build restarted' | 'failed stages retried'
  readonly call: typeof restartBuild
  readonly isRefused: (model: Model, old: ModelBuild) => boolean
  /** What passed in the old build and is kept. */
  readonly keep: (model: Model, old: ModelBuild, made: ModelBuild) => void
}

/** Mostly of a build that can be started anew; else of any. */
const anew = (way: Way): fc.Arbitrary<Act> =>
  fc
    .record({
      at: which,
      isFit: fc.constantFrom(true, true, true, false),
      throttle: fc.constantFrom(0, 0, 0, 1),
      supersedes: fc.constantFrom(...supersedings),
      isAway: away,
    })
    .map(
      ({ at, isFit, isAway, ...drawn }) =>
        new Act(
          way.name,
          (model) => model.builds.length < 4 && olds(model, way, isFit).length > 0,
          async (model, world) => {
            const old = pick(olds(model, way, isFit), at)
            const said = await telling(model, world, isAway, () =>
              startAnew(model, world, old, way, drawn),
            )
            return `build ${old.number}: ${said}${isAway ? ', Redis is away' : ''}`
          },
        ),
    )

const olds = (model: Model, way: Way, isFit: boolean): readonly ModelBuild[] =>
  isFit ? model.builds.filter((build) => !way.isRefused(model, build)) : model.builds

const startAnew = async (
  model: Model,
  world: World,
  old: ModelBuild,
  { effect, call, isRefused, keep }: Way,
  { throttle, supersedes }: Drawn,
): Promise<string> => {
  const build = await world.deps.database.builds.find(old.id)
  assert(build)
  // What a person starts is not blocked, though the repository is protected.
  const repo = repoSaying(world, { isBlocked: true, throttle, supersedes })
  const asked = { by: 'ann', params: {} }
  const outcome = await outcomeOf(
    world,
    call(world.deps, repo, build, asked).then(() => undefined),
  )
  const expected = isRefused(model, old) ? 'invalid' : 'ok'
  assert.equal(outcome, expected)
  world.tally.did(expected === 'ok' ? effect : 'new build refused')
  if (expected !== 'ok') return expected
  const made = await madeOf(model, world, { stages: old.stages, isBlocked: false, throttle })
  keep(model, old, made)
  addBuild(model, world, made, supersedes)
  const kept = made.stages.filter(({ status }) => status === 'success').length
  return `${kept} kept, throttle ${throttle}, supersedes ${supersedes}`
}

export const restartAll = anew({
  name: 'restart',
  effect: 'build restarted',
  call: restartBuild,
  isRefused: (model, old) => model.isGated(old),
  keep: () => undefined,
})

export const retry = anew({
  name: 'retry what failed of',
  effect: 'failed stages retried',
  call: retryFailed,
  isRefused: (model, old) =>
    model.isGated(old) || !isOver(old.status) || model.unpassed(old).length === 0,
  keep: (model, old, made) => {
    const again = new Set(model.unpassed(old).map(({ number }) => number))
    for (const [index, stage] of made.stages.entries()) {
      if (again.has(stage.number)) continue
      Object.assign(stage, { status: 'success', steps: [...(old.stages[index]?.steps ?? [])] })
    }
  },
})
