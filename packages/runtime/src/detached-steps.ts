import type { SpecStep } from '@waggle/domain'
import type { StageStop } from './stage-stop.ts'
import type { StepEnd } from './step-end.ts'

/** Runs a granted step until its end or that of the signal. */
export type RunDetached = (
  run: { readonly step: SpecStep; readonly signal: AbortSignal; readonly onStarted?: () => void },
  killGraceMs: number,
) => Promise<StepEnd>

export interface Launched {
  /** Never, where it could not be started. */
  readonly started: Promise<void>
  readonly ended: Promise<StepEnd>
}

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
  launch(step: SpecStep): Launched {
    const signal = AbortSignal.any([this.#stop.signal, this.#ended.signal])
    const started = Promise.withResolvers<void>()
    const ended = this.#run({ step, signal, onStarted: started.resolve }, 0)
    const running: Promise<void> = ended
      .then((end) => {
        if (end.kind === 'lost') this.#stop.fail(end.error)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
    return { started: started.promise, ended }
  }

  /** Before the stage's result is told: their logs still need the lease. */
  async end(): Promise<void> {
    if (this.#running.size === 0) return
    this.#ended.abort()
    await Promise.all(this.#running)
  }
}
