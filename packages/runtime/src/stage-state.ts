import {
  internal,
  isFailed,
  type SpecStep,
  type StageResult,
  type StepRecord,
  type StepStatus,
  type StepUpdate,
  timeoutExitCode,
} from '@waggle/domain'

/** What a step's environment may know of the stage: `DRONE_STAGE_STATUS`, `DRONE_FAILED_STEPS` and the like. */
export interface StageSnapshot {
  readonly status: StageRunStatus
  /** "Stage failed?" of pipeline.md §14.3: decides on run policies and on the status variables. */
  readonly isFailed: boolean
  readonly steps: readonly StepSnapshot[]
}

export interface StepSnapshot {
  readonly number: number
  readonly name: string
  readonly status: StepStatus
  readonly exitCode: number
  readonly errIgnore: boolean
}

export type StageRunStatus = 'running' | StageResult['status']

interface StepState {
  readonly record: StepRecord
  status: StepStatus
  exitCode: number
  error: string
}

/** The state machine of a running stage and its steps: pipeline.md §14.3.
 *
 *  Transitions that do not apply change nothing and give `null`; the others give the update to report. */
export class StageState {
  readonly #steps: readonly StepState[]
  readonly #byNumber: ReadonlyMap<number, StepState>
  #status: StageRunStatus = 'running'
  #exitCode = 0
  #error = ''

  /** Steps with policy `never` get no record. */
  constructor(steps: readonly SpecStep[]) {
    this.#steps = steps.filter((step) => step.runPolicy !== 'never').map(newState)
    this.#byNumber = new Map(this.#steps.map((step) => [step.record.number, step]))
  }

  get status(): StageRunStatus {
    return this.#status
  }

  /** The stage has failed, or a step that is not ignored has. */
  get isFailed(): boolean {
    if (isFailed(this.#status)) return true
    return this.#steps.some((step) => !step.record.errIgnore && isFailed(step.status))
  }

  records(): StepRecord[] {
    return this.#steps.map((step) => step.record)
  }

  statusOf(number: number): StepStatus {
    return this.#get(number).status
  }

  exitCodeOf(number: number): number {
    return this.#get(number).exitCode
  }

  start(number: number): void {
    const step = this.#get(number)
    if (step.status === 'pending') step.status = 'running'
  }

  /** Its start was not granted after all. */
  unstart(number: number): void {
    const step = this.#get(number)
    if (step.status === 'running') step.status = 'pending'
  }

  /** The step's process ended. 78 is a success that remembers its code (§14.8). */
  finish(number: number, code: number): StepUpdate | null {
    const step = this.#get(number)
    if (step.status !== 'running' && step.status !== 'pending') return null
    step.status = code === 0 || code === 78 ? 'success' : 'failure'
    step.exitCode = code
    this.#update()
    return update(step)
  }

  /** The step took longer than its own timeout: a failure, whatever code its process ended with. */
  timeOut(number: number, error: string): StepUpdate | null {
    const step = this.#get(number)
    if (step.status !== 'running' && step.status !== 'pending') return null
    step.status = 'failure'
    step.exitCode = timeoutExitCode
    step.error = error
    this.#update()
    return update(step)
  }

  /** What kept the step from running, or its end from being known. */
  fail(number: number, error: string): StepUpdate {
    const step = this.#get(number)
    step.status = 'error'
    step.exitCode = 255
    step.error = error
    this.#update()
    return update(step)
  }

  skip(number: number): StepUpdate | null {
    const step = this.#get(number)
    if (step.status !== 'pending') return null
    step.status = 'skipped'
    this.#update()
    return update(step)
  }

  /** Exit code 78: what has not started never will. */
  skipPending(): void {
    for (const step of this.#steps) if (step.status === 'pending') step.status = 'skipped'
    this.#update()
  }

  /** User, timeout or fail-fast: §14.7. Whether the stage ends `killed` depends on the order of its steps. */
  cancel(): void {
    for (const step of this.#steps) if (step.status === 'pending') step.status = 'skipped'
    this.#status = 'killed'
    this.#exitCode = 0
    this.#error = ''
    for (const step of this.#steps) {
      if (step.status !== 'running') continue
      step.status = 'killed'
      step.exitCode = 137
    }
    this.#update()
  }

  /** The stage itself failed: nothing of it ran, or no more of it will. */
  failStage(error: string): void {
    for (const step of this.#steps) if (step.status === 'pending') step.status = 'skipped'
    if (this.isFailed) return
    this.#status = 'error'
    this.#exitCode = 255
    this.#error = error
  }

  /** After the graph: pending steps are skipped, running ones (detached) end as a success, the stage gets its end. */
  close(): void {
    for (const step of this.#steps) {
      if (step.status === 'pending') step.status = 'skipped'
      else if (step.status === 'running') step.status = 'success'
    }
    if (this.#status === 'running') this.#status = this.isFailed ? 'failure' : 'success'
  }

  snapshot(): StageSnapshot {
    return {
      status: this.#status,
      isFailed: this.isFailed,
      steps: this.#steps.map(({ record, status, exitCode }) => ({
        number: record.number,
        name: record.name,
        status,
        exitCode,
        errIgnore: record.errIgnore,
      })),
    }
  }

  /** The end of the stage with the final state of every step. Only after `close`, `cancel` or `failStage`. */
  result(): StageResult {
    if (this.#status === 'running')
      throw internal('stage_running', 'result of a stage that still runs')
    return {
      status: this.#status,
      exitCode: this.#exitCode,
      error: this.#error,
      updates: this.#steps.map(update),
    }
  }

  /** The first step, in list order, that was killed or failed decides on the stage. */
  #update(): void {
    const first = this.#steps.find(
      ({ record, status }) =>
        status === 'killed' || status === 'error' || (status === 'failure' && !record.errIgnore),
    )
    if (first?.status === 'killed') this.#end('killed', 137, '')
    else if (first?.status === 'error') this.#end('error', 255, first.error)
    else if (first) this.#end('failure', 0, '')
  }

  #end(status: StageResult['status'], exitCode: number, error: string): void {
    this.#status = status
    this.#exitCode = exitCode
    this.#error = error
  }

  #get(number: number): StepState {
    const step = this.#byNumber.get(number)
    if (!step) throw internal('unknown_step', `the stage has no step ${number}`)
    return step
  }
}

const newState = (step: SpecStep): StepState => ({
  record: {
    number: step.number,
    name: step.name,
    image: step.image,
    errIgnore: step.errPolicy === 'ignore',
    detached: step.detach,
    dependsOn: step.dependsOn,
  },
  status: 'pending',
  exitCode: 0,
  error: '',
})

const update = ({ record, status, exitCode, error }: StepState): StepUpdate => ({
  number: record.number,
  status,
  exitCode,
  error,
})
