import {
  type AtEnd,
  type Attempt,
  type Build,
  type Grant,
  invalid,
  type Lease,
  type LogKey,
  type NewStep,
  type Stage,
  type Step,
  type StepRecord,
  type Stores,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { openLogs } from '../step-logs/open-logs.ts'
import { tellChange } from '../tell-change.ts'
import { cleanText, cutCodePoints } from '../text-limits.ts'
import { promiseBuildUpdate } from '../webhooks/promise-webhooks.ts'
import { applyGrants, doesCount, grantAtStart } from './apply-grants.ts'
import { holdLease, whileRunning } from './hold-lease.ts'
import { type LeaseOutcome, leaseLost, ok } from './refusal.ts'

const mostSteps = 2_100

export interface StartReport {
  readonly steps: readonly StepRecord[]
  /** The first steps may start with the same call. */
  readonly grants: readonly Grant[]
}

interface Begun {
  readonly kind: 'begun'
  readonly build: Build
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
  const result = await deps.database.transaction(async (stores, atEnd) => {
    // Asked for together, run in order: all locks in one packet, the build's before the stage's (design §6).
    const [build, held] = await Promise.all([
      stores.builds.lockOfStage(lease.stageId),
      holdLease(deps, stores, lease, whileRunning),
    ])
    if (held.kind !== 'held') return held
    if (!build) return leaseLost
    const { stage, attempt } = held
    if (stage.status === 'pending' || report.grants.length > 0)
      await promiseBuildUpdate(deps, stores, stage, atEnd)
    if (stage.status === 'pending') {
      const before = stage.retries > 0 ? await stores.steps.listByStage(stage.id) : []
      if (isSameList(before, report.steps))
        return beginAgain({ stores, atEnd, nowMs }, { build, stage, attempt, before }, report)
      // Its file or its worker's settings say otherwise now: the logs of the steps before go with them.
      if (before.length > 0) await stores.steps.deleteByStage(stage.id)
      return begin({ stores, atEnd, nowMs }, { build, stage }, report)
    }
    const known = await stores.steps.listByStage(stage.id)
    const opened = await applyGrants(stores, attempt, known, report.grants, nowMs)
    return { kind: 'begun' as const, build, stage, opened }
  })
  if (result.kind === 'refused') return result
  if (result.kind === 'repeat') return ok
  logStart(deps, result.stage, lease)
  await openLogs(deps, result.build.id, result.opened)
  tellChange(deps, result.build)
  return ok
}

/** Everything is known under the locks, so nothing has to be waited for but the commit. */
const begin = (
  { stores, atEnd, nowMs }: { stores: Stores; atEnd: AtEnd; nowMs: number },
  { build, stage }: { build: Build; stage: Stage },
  { steps, grants }: StartReport,
): Begun => {
  const { id: stageId, attempt } = stage
  const records = steps.map((step) => newStep(stageId, step))
  const created = grantAtStart(records, grants, nowMs)
  const running = { status: 'running', startedAt: nowMs } as const
  atEnd(stores.stages.change(stageId, running, { status: 'pending', attempt }))
  if (created.length > 0) atEnd(stores.steps.create(created))
  if (grants.some(doesCount))
    atEnd(stores.attempts.change(stageId, attempt, { state: 'granted' }, ['leased']))
  const opened = grants.map((grant) => ({ stageId, attempt, step: grant.step, try: grant.try }))
  // The first stage that runs makes the build run; one that was cancelled or declined stays so (scheduling.md §6).
  if (build.status !== 'pending') return { kind: 'begun', build, stage, opened }
  atEnd(stores.builds.change(build.id, running))
  const version = build.version + 1
  return { kind: 'begun', build: { ...build, ...running, version }, stage, opened }
}

const isSameList = (steps: readonly Step[], records: readonly StepRecord[]): boolean =>
  steps.length > 0 &&
  steps.length === records.length &&
  steps.every((step, at) => {
    const record = records[at]
    return record?.number === step.number && record.name === step.name
  })

/** The stage is run again: its steps are there, with the logs of the attempts before. */
const beginAgain = async (
  { stores, atEnd, nowMs }: { stores: Stores; atEnd: AtEnd; nowMs: number },
  known: { build: Build; stage: Stage; attempt: Attempt; before: readonly Step[] },
  { grants }: StartReport,
): Promise<Begun> => {
  const { build, stage, attempt, before } = known
  const opened = await applyGrants(stores, attempt, before, grants, nowMs)
  const running = { status: 'running', startedAt: nowMs } as const
  atEnd(stores.stages.change(stage.id, running, { status: 'pending', attempt: stage.attempt }))
  return { kind: 'begun', build, stage, opened }
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
