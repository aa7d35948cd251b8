import {
  type Build,
  type Grant,
  invalid,
  type Lease,
  type NewStep,
  type Stage,
  type StepRecord,
  type Stores,
} from '@waggle/domain'
import { applyGrants } from './apply-grants.ts'
import type { ControlDeps } from './control-deps.ts'
import { holdLeaseAndBuild, whileRunning } from './hold-lease.ts'
import { openLogs } from './open-logs.ts'
import { type LeaseOutcome, ok } from './refusal.ts'
import { tellChange } from './tell-change.ts'
import { cleanText, cutCodePoints } from './text-limits.ts'

const mostSteps = 2_100

/** The stage runs: its step records are made, the build runs too, and the first steps may start. */
export const startStage = async (
  deps: ControlDeps,
  lease: Lease,
  report: { readonly steps: readonly StepRecord[]; readonly grants: readonly Grant[] },
): Promise<LeaseOutcome> => {
  checkRecords(report.steps)
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores) => {
    const held = await holdLeaseAndBuild(deps, stores, lease, whileRunning)
    if (held.kind !== 'held') return held
    const stage =
      held.stage.status === 'pending'
        ? await stores.stages.update(
            held.stage.id,
            { status: 'running', startedAt: nowMs },
            { status: 'pending', attempt: lease.attempt },
          )
        : held.stage
    let steps = await stores.steps.listByStage(lease.stageId)
    if (steps.length === 0 && report.steps.length > 0)
      steps = await stores.steps.create(report.steps.map((step) => newStep(lease.stageId, step)))
    const opened = await applyGrants(stores, held.attempt, steps, report.grants, nowMs)
    const build = await startBuild(stores, held.build, nowMs)
    return { kind: 'started' as const, stage: stage ?? held.stage, build, opened }
  })
  if (result.kind !== 'started') return result.kind === 'repeat' ? ok : result
  logStart(deps, result.stage, lease)
  await openLogs(deps, result.opened)
  tellChange(deps, result.build)
  return ok
}

/** The first stage that runs makes the build run; one that was cancelled or declined stays so (scheduling.md §6). */
const startBuild = async (stores: Stores, build: Build, nowMs: number): Promise<Build> => {
  if (build.status !== 'pending') return build
  const started = await stores.builds.update(build.id, { status: 'running', startedAt: nowMs })
  return started ?? build
}

const logStart = ({ log }: ControlDeps, stage: Stage, lease: Lease): void => {
  log.info('stage started', {
    'build.id': stage.buildId,
    'stage.id': stage.id,
    'worker.id': lease.workerId,
    attempt: lease.attempt,
  })
}

const checkRecords = (steps: readonly StepRecord[]): void => {
  if (steps.length > mostSteps) throw invalid('too_many_steps', `more than ${mostSteps} steps`)
  const numbers = new Set(steps.map((step) => step.number))
  if (numbers.size !== steps.length) throw invalid('bad_steps', 'two steps have the same number')
}

const newStep = (stageId: number, record: StepRecord): NewStep => ({
  stageId,
  number: record.number,
  name: cutCodePoints(cleanText(record.name), 500),
  image: cutCodePoints(cleanText(record.image), 2_000),
  errIgnore: record.errIgnore,
  detached: record.detached,
  dependsOn: record.dependsOn.map((name) => cutCodePoints(cleanText(name), 500)),
  status: 'pending',
  error: '',
  exitCode: 0,
  grantedTry: 0,
  startedAt: 0,
  stoppedAt: 0,
})
