import type { StepRecord, StepStatus, StepUpdate } from '@waggle/domain'
import type { StageReporter } from '@waggle/runtime'
import type { ProgressStep, ProgressView } from '../progress/progress-view.ts'

interface LocalStep {
  readonly record: StepRecord
  status: StepStatus
  exitCode: number
  error: string
  startedAt: number
  stoppedAt: number
}

/** Shows what a stage that runs here tells; every grant is given. */
export class LocalReporter implements StageReporter {
  readonly #view: ProgressView
  readonly #stage: string
  #steps: LocalStep[] = []

  constructor(view: ProgressView, stage: string) {
    this.#view = view
    this.#stage = stage
  }

  async start(
    steps: readonly StepRecord[],
    grants: readonly { readonly step: number }[],
  ): Promise<boolean> {
    this.#steps = steps.map((record) => ({
      record,
      status: 'pending',
      exitCode: 0,
      error: '',
      startedAt: 0,
      stoppedAt: 0,
    }))
    return this.grant(grants, [])
  }

  async grant(
    grants: readonly { readonly step: number }[],
    updates: readonly StepUpdate[],
  ): Promise<boolean> {
    this.#note(updates)
    for (const { step } of grants) {
      const found = this.#find(step)
      if (found === undefined) continue
      found.status = 'running'
      found.startedAt = performance.now()
    }
    this.#show('running', '')
    return true
  }

  async report(updates: readonly StepUpdate[]): Promise<void> {
    this.#note(updates)
    this.#show('running', '')
  }

  end(status: string, error: string, updates: readonly StepUpdate[]): void {
    this.#note(updates)
    this.#show(status, error)
  }

  #find(number: number): LocalStep | undefined {
    return this.#steps.find((step) => step.record.number === number)
  }

  #note(updates: readonly StepUpdate[]): void {
    for (const { number, status, exitCode, error } of updates) {
      const step = this.#find(number)
      if (step === undefined) continue
      if (step.stoppedAt === 0 && status !== 'running' && status !== 'pending')
        step.stoppedAt = performance.now()
      Object.assign(step, { status, exitCode, error })
    }
  }

  #show(status: string, error: string): void {
    const steps = this.#steps.map(progressOf)
    this.#view.update([{ name: this.#stage, status, error, machine: '', steps }])
  }
}

const progressOf = (step: LocalStep): ProgressStep => ({
  name: step.record.name,
  status: step.status,
  exitCode: step.exitCode,
  error: step.error,
  seconds:
    step.startedAt === 0 ? 0 : ((step.stoppedAt || performance.now()) - step.startedAt) / 1000,
})
