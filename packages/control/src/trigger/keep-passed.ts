import type { AtEnd, Build, NewStage, OutboxRow, Repo, Stage, Stores } from '@waggle/domain'
import { advanceBuild } from '../advance/advance-build.ts'
import { storeStages } from '../order/store-stages.ts'
import { initialStatus } from './new-build.ts'

/** Numbers of the stages that have to run again: those that did not pass, and what depends on them, however far. */
export const stagesToRerun = (
  stages: readonly Pick<Stage, 'number' | 'name' | 'status' | 'dependsOn'>[],
): ReadonlySet<number> => {
  const numbers = new Set<number>()
  const names = new Set<string>()
  // By number: dependencies have lower ones (scheduling.md §3.8).
  for (const stage of stages.toSorted((a, b) => a.number - b.number)) {
    if (stage.status === 'success' && !stage.dependsOn.some((name) => names.has(name))) continue
    numbers.add(stage.number)
    names.add(stage.name)
  }
  return numbers
}

interface Again {
  readonly repo: Pick<Repo, 'id' | 'throttle'>
  readonly build: Build
  readonly old: readonly Stage[]
  readonly verified: boolean
  readonly priority: number
}

/** Stages of a new build that are those of an older one: what passed there keeps its result, its steps and, by
 *  `keptFrom`, its logs; the rest is pending, or waits as its dependencies say. */
export const createKeptStages = async (
  stores: Stores,
  { repo, build, old, verified, priority }: Again,
  atEnd: AtEnd,
): Promise<{ readonly stages: readonly Stage[]; readonly outbox: readonly OutboxRow[] }> => {
  const rerun = stagesToRerun(old)
  const { stages, outbox } = await storeStages(
    stores,
    repo.id,
    old.map((stage) =>
      rerun.has(stage.number)
        ? {
            ...fresh(stage, repo, build),
            status: initialStatus(verified, stage.dependsOn),
            priority,
          }
        : kept(stage, build),
    ),
  )
  await copySteps(stores, old, stages)
  // What waits for nothing but stages that passed is released, or skipped, as when the last of them ended.
  const advance = await advanceBuild(stores, build, build.createdAt, atEnd)
  return {
    stages: await stores.stages.listByBuild(build.id),
    outbox: [...outbox, ...advance.outbox],
  }
}

const shared = (stage: Stage, build: Build): NewStage => {
  const { id: _i, retries: _r, createdAt: _c, updatedAt: _u, version: _v, ...rest } = stage
  return { ...rest, buildId: build.id, attempt: 0, isHeld: false }
}

const fresh = (stage: Stage, { throttle }: Pick<Repo, 'throttle'>, build: Build): NewStage => ({
  ...shared(stage, build),
  throttle,
  keptFrom: 0,
  error: '',
  errIgnore: false,
  exitCode: 0,
  machine: '',
  startedAt: 0,
  stoppedAt: 0,
})

/** A result that was kept before is still the one of the stage that ran. */
const kept = (stage: Stage, build: Build): NewStage => ({
  ...shared(stage, build),
  keptFrom: stage.keptFrom || stage.id,
})

const copySteps = async (
  stores: Stores,
  old: readonly Stage[],
  stages: readonly Stage[],
): Promise<void> => {
  const newIds = new Map(
    stages.flatMap(({ id, number, keptFrom }) => (keptFrom ? [[number, id] as const] : [])),
  )
  const ids = new Map(old.map(({ id, number }) => [id, newIds.get(number)]))
  const sources = [...ids].flatMap(([id, target]) => (target === undefined ? [] : [id]))
  const steps = (await stores.steps.listByStages(sources)).flatMap((step) => {
    const { id: _i, schema: _s, version: _v, ...rest } = step
    const stageId = ids.get(step.stageId)
    return stageId === undefined ? [] : [{ ...rest, stageId }]
  })
  if (steps.length > 0) await stores.steps.create(steps)
}
