import { randomUUID } from 'node:crypto'
import { acceptStage, type SubmitResult, startStage } from '@waggle/control'
import type { Build, Lease, Stage, StepRecord, WorkerRecord } from '@waggle/domain'
import type { TestControl } from './open-control.ts'

/** The build and its stages; fails where there is none. */
export const built = (
  result: SubmitResult,
): { readonly build: Build; readonly stages: readonly Stage[]; readonly stage: Stage } => {
  if (result.kind !== 'built') throw new Error(`nothing was built: ${result.reason}`)
  const [stage] = result.stages
  if (!stage) throw new Error(`the build has no stages: ${result.build.error}`)
  return { build: result.build, stages: result.stages, stage }
}

/** Accepts a stage for the worker and gives the lease. */
export const leaseOf = async (
  { deps, database }: TestControl,
  worker: WorkerRecord,
  stageId: number,
): Promise<Lease> => {
  const stage = await database.stages.find(stageId)
  const attempt = (stage?.attempt ?? 0) + 1
  const question = { attempt, requestId: randomUUID() }
  const answer = await acceptStage(deps, worker, stageId, question)
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.code}`)
  return { workerId: worker.id, stageId, attempt, token: answer.leaseToken }
}

export const twoSteps: readonly StepRecord[] = [
  { number: 1, name: 'one', image: 'a', errIgnore: false, detached: false, dependsOn: [] },
  { number: 2, name: 'two', image: 'b', errIgnore: false, detached: false, dependsOn: ['one'] },
]

/** Accepts and starts a stage with two steps, the first of them granted. */
export const runningLease = async (
  control: TestControl,
  worker: WorkerRecord,
  stageId: number,
): Promise<Lease> => {
  const lease = await leaseOf(control, worker, stageId)
  const grants = [{ step: 1, try: 1 }]
  const outcome = await startStage(control.deps, lease, { steps: twoSteps, grants })
  if (outcome.kind !== 'ok') throw new Error(`not started: ${outcome.code}`)
  return lease
}

export const passed = {
  status: 'success',
  exitCode: 0,
  error: '',
  updates: [
    { number: 1, status: 'success', exitCode: 0, error: '' },
    { number: 2, status: 'success', exitCode: 0, error: '' },
  ],
} as const
