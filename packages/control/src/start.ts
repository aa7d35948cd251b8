import {
  type Build,
  type Grant,
  invalid,
  type Lease,
  type LogKey,
  type NewStep,
  type Stage,
  type StepRecord,
  type Stores,
} from '@waggle/domain'
import { applyGrants, doesCount, grantAtStart } from './apply-grants.ts'
import type { ControlDeps } from './control-deps.ts'
import { holdLease, lockBuildOf, whileRunning } from './hold-lease.ts'
import { openLogs } from './open-logs.ts'
import { type LeaseOutcome, type LeaseRefused, leaseLost, ok } from './refusal.ts'
import { tellChange } from './tell-change.ts'
import { cleanText, cutCodePoints } from './text-limits.ts'

const mostSteps = 2_100

export interface StartReport {
  readonly steps: readonly StepRecord[]
  /** The first steps may start with the same call. */
  readonly grants: readonly Grant[]
}

interface Begun {
  readonly kind: 'begun'
  readonly stage: Stage
  readonly opened: readonly LogKey[]
}

/** The stage runs: its step records are made, the build runs too, and the first steps may start. */
export const startStage = async (
  deps: ControlDeps,
  lease: Lease,
  report: StartReport,
): Promise<LeaseOutcome> => {
  checkRecords(report.steps)
  const nowMs = deps.clock.now()
  const result = await deps.database.transaction(async (stores) => {
    const build = await lockBuildOf(deps, stores, lease)
    if (!build) return leaseLost
    const begun = await beginStage(deps, stores, lease, report, nowMs)
    if (begun.kind !== 'begun') return begun
    return { ...begun, build: await startBuild(stores, build, nowMs) }
  })
  if (result.kind === 'refused') return result
  if (result.kind === 'repeat') return ok
  logStart(deps, result.stage, lease)
  await openLogs(deps, result.build.id, result.opened)
  tellChange(deps, result.build)
  return ok
}

const beginStage = async (
  deps: ControlDeps,
  stores: Stores,
  lease: Lease,
  { steps, grants }: StartReport,
  nowMs: number,
): Promise<Begun | LeaseRefused | { readonly kind: 'repeat' }> => {
  const { stageId, attempt } = lease
  // Lock, check and write in one statement: a pending stage that is held by this attempt has it leased.
  const stage = await stores.stages.update(
    stageId,
    { status: 'running', startedAt: nowMs },
    { status: 'pending', attempt, isHeld: true },
  )
  if (stage) {
    const granted = await beginSteps(stores, lease, { steps, grants }, nowMs)
    return { kind: 'begun', stage, opened: granted }
  }
  const held = await holdLease(deps, stores, lease, whileRunning)
  if (held.kind !== 'held') return held
  const known = await stores.steps.listByStage(stageId)
  const opened = await applyGrants(stores, held.attempt, known, grants, nowMs)
  return { kind: 'begun', stage: held.stage, opened }
}

/** Makes the step records, the granted ones as running. */
const beginSteps = async (
  stores: Stores,
  { stageId, attempt }: Lease,
  { steps, grants }: StartReport,
  nowMs: number,
): Promise<readonly LogKey[]> => {
  const records = steps.map((step) => newStep(stageId, step))
  const created = grantAtStart(records, grants, nowMs)
  await Promise.all([
    created.length > 0 ? stores.steps.create(created) : [],
    grants.some(doesCount)
      ? stores.attempts.update(stageId, attempt, { state: 'granted' }, ['leased'])
      : null,
  ])
  return grants.map((grant) => ({ stageId, attempt, step: grant.step, try: grant.try }))
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
