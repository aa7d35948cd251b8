import type { SpecStep } from '@waggle/domain'
import type { StepEnd } from './run-step.ts'
import type { StageStop } from './stage-stop.ts'

/** Runs a granted step until its end or that of the signal. */
export type RunDetached = (
  step: SpecStep,
  killGraceMs: number,
  signal: AbortSignal,
) => Promise<StepEnd>

/** Services and detached steps: they run beside the graph and end with it, and how they end says nothing about the
 *  stage (pipeline.md §14.6). */
export class DetachedSteps {
  readonly #stop: StageStop
  readonly #run: RunDetached
  readonly #ended = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(stop: StageStop, run: RunDetached) {
    this.#stop = stop
    this.#run = run
  }

  /** Killed without a grace, as the clean-up would (§13.6): the stage's result does not wait for a service that takes
   *  its time. */
  launch(step: SpecStep): void {
    const signal = AbortSignal.any([this.#stop.signal, this.#ended.signal])
    const running: Promise<void> = this.#run(step, 0, signal)
      .then((end) => {
        if (end.kind === 'lost') this.#stop.fail(end.error)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Before the stage's result is told: their logs still need the lease. */
  async end(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#running)
  }
}
