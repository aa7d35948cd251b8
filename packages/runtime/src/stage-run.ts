import type { Spec, SpecStep } from '@waggle/domain'
import { DetachedSteps } from './detached-steps.ts'
import { errorText } from './error-text.ts'
import type { ExecuteDeps, ExecuteResult } from './execute-deps.ts'
import { type MaskSet, masksOf } from './mask-set.ts'
import { runStep, type StepRun } from './run-step.ts'
import { StageState } from './stage-state.ts'
import { StageStop } from './stage-stop.ts'
import { type Candidate, StageTalk } from './stage-talk.ts'
import type { StepEnd } from './step-end.ts'
import { StepGraph } from './step-graph.ts'
import { serviceReady } from './step-readiness.ts'
import { isTriedAgain } from './step-retry.ts'

/** One walk through a stage's graph.
 *
 *  Everything that moves the stage happens in turns: `#admit` decides on entries whose dependencies ended,
 *  `StageTalk` asks for their grants one call at a time, `#launch` starts them. */
export class StageRun {
  readonly #deps: ExecuteDeps
  readonly #spec: Spec
  readonly #state: StageState
  readonly #masks: MaskSet
  readonly #stop: StageStop
  readonly #talk: StageTalk
  readonly #detached: DetachedSteps
  readonly #over = Promise.withResolvers<void>()
  #graph: StepGraph | null = null
  /** The first entries were admitted: the talk may begin. */
  #isAdmitted = false
  /** Entries and calls that are on their way; at none the walk is over. */
  #open = 0
  /** Entries that run, or wait for a slot. */
  #running = 0

  constructor(deps: ExecuteDeps, spec: Spec) {
    this.#deps = deps
    this.#spec = spec
    this.#state = new StageState(spec.steps)
    this.#masks = masksOf(spec.masks)
    this.#stop = new StageStop(deps, this.#state)
    this.#talk = new StageTalk({
      reporter: deps.reporter,
      state: this.#state,
      stop: this.#stop,
      isRunning: () => this.#running > 0,
      launch: (granted) => this.#launch(granted),
      passOver: ({ entry, step }) => {
        if (!isOverAtLaunch(step)) this.#admit(this.#complete(entry))
      },
    })
    this.#detached = new DetachedSteps(this.#stop, (run, graceMs) =>
      this.#runStep({ ...run, try: 1 }, graceMs),
    )
  }

  async run(signal: AbortSignal): Promise<ExecuteResult> {
    const graph = StepGraph.build(this.#spec.steps)
    if (typeof graph === 'string') return this.fail(graph, signal)
    this.#graph = graph
    const unwatch = this.#stop.watch(signal, this.#deps.timeoutMs)
    try {
      if (!this.#stop.signal.aborted) await this.#walk(graph)
      // Its time was over before it started: its end will name steps, so they have to be known.
      if (this.#stop.reason === 'timeout' && !this.#talk.isStarted) await this.#talk.tell([])
    } finally {
      unwatch()
    }
    if (!this.#stop.signal.aborted) this.#state.close()
    await this.#detached.end()
    this.#stop.throwFailure()
    return this.#result()
  }

  /** Ends a stage of which nothing can run: its records are made, all skipped. */
  async fail(error: string, signal: AbortSignal): Promise<ExecuteResult> {
    const isHeard = !signal.aborted && (await this.#deps.reporter.start(this.#state.records(), []))
    if (isHeard) this.#state.failStage(errorText(error, this.#masks))
    else this.#stop.cancelUnheard(signal)
    return this.#result()
  }

  #result(): ExecuteResult {
    return { ...this.#state.result(), stopped: this.#stop.reason }
  }

  async #walk(graph: StepGraph): Promise<void> {
    this.#open++
    this.#admit(graph.roots())
    // Entries that wait for a slot may have got one by then, and go along with the start.
    if (this.#deps.slots) await new Promise(setImmediate)
    this.#isAdmitted = true
    this.#converse()
    this.#close()
    await this.#over.promise
  }

  #converse(): void {
    const talking = this.#isAdmitted ? this.#talk.begin() : null
    if (!talking) return
    this.#open++
    void talking.then(() => this.#close())
  }

  /** Decides on entries whose dependencies ended: rules 1 to 7 of §14.4. */
  #admit(entries: number[]): void {
    const ready = [...entries]
    for (let entry = ready.shift(); entry !== undefined; entry = ready.shift()) {
      if (this.#stop.signal.aborted) return
      const step = this.#spec.steps[entry] as SpecStep
      if (!this.#mayRun(step)) ready.push(...this.#complete(entry))
      else if (this.#deps.slots) void this.#waitForSlot(entry, step, this.#deps.slots)
      else {
        this.#talk.want({ entry, step, try: 1, release: () => undefined })
        if (isOverAtLaunch(step)) ready.push(...this.#complete(entry))
      }
    }
  }

  /** What does not run is skipped, where it has a record that still waits. */
  #mayRun(step: SpecStep): boolean {
    if (step.runPolicy === 'never' || this.#state.statusOf(step.number) !== 'pending') return false
    const isWanted =
      step.runPolicy === 'always' || (step.runPolicy === 'on-failure') === this.#state.isFailed
    if (!isWanted) this.#talk.note(this.#state.skip(step.number))
    return isWanted
  }

  /** The entry is over for the graph. */
  #complete(entry: number): number[] {
    return this.#graph?.complete(entry) ?? []
  }

  async #waitForSlot(
    entry: number,
    step: SpecStep,
    slots: NonNullable<ExecuteDeps['slots']>,
  ): Promise<void> {
    this.#open++
    this.#running++
    try {
      const release = await slots(this.#stop.signal)
      // The stage may have failed, or the step have been skipped, while it waited.
      if (this.#stop.signal.aborted || !this.#mayRun(step)) {
        release()
        this.#admit(this.#complete(entry))
      } else if (step.detach) {
        release()
        this.#talk.want({ entry, step, try: 1, release: () => undefined })
        if (isOverAtLaunch(step)) this.#admit(this.#complete(entry))
      } else this.#talk.want({ entry, step, try: 1, release })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#stop.fail(error)
    }
    this.#running--
    this.#converse()
    this.#close()
  }

  #launch(granted: readonly Candidate[]): void {
    for (const candidate of granted) {
      if (isOverAtLaunch(candidate.step)) this.#detached.launch(candidate.step)
      else if (candidate.step.detach) void this.#awaitReady(candidate)
      else void this.#runEntry(candidate)
    }
  }

  async #runEntry(candidate: Candidate): Promise<void> {
    const { entry, step, release } = candidate
    this.#open++
    this.#running++
    const { signal } = this.#stop
    const end = await this.#runStep({ step, try: candidate.try, signal }, this.#deps.killGraceMs)
    const isAgain = !signal.aborted && isTriedAgain(step, end, candidate.try)
    if (isAgain) await this.#deps.clock.sleep(step.retry?.delayMs ?? 0, signal).catch(() => null)
    if (isAgain && !signal.aborted) {
      // It keeps its place under the process limit.
      this.#talk.want({ ...candidate, try: candidate.try + 1 })
    } else {
      release()
      if (end.kind === 'lost') this.#stop.fail(end.error)
      else if (!signal.aborted) {
        this.#settle(step, end)
        if (!signal.aborted) this.#admit(this.#complete(entry))
      }
    }
    this.#running--
    this.#converse()
    this.#close()
  }

  /** A service with a healthcheck is over for the graph when it is ready. One that never is fails the stage. */
  async #awaitReady({ entry, step }: Candidate): Promise<void> {
    this.#open++
    this.#running++
    const { signal } = this.#stop
    const environment = this.#deps.environment(step, this.#state.snapshot())
    const deps = { ...this.#deps, masks: this.#masks, environment }
    try {
      const problem = await serviceReady(
        deps,
        this.#spec,
        step,
        this.#detached.launch(step),
        signal,
      )
      if (!signal.aborted) {
        if (problem !== null) this.#talk.note(this.#state.fail(step.number, problem))
        this.#admit(this.#complete(entry))
      }
    } catch (error) {
      this.#stop.fail(error)
    }
    this.#running--
    this.#converse()
    this.#close()
  }

  #runStep(run: Omit<StepRun, 'state'>, killGraceMs: number): Promise<StepEnd> {
    const deps = { ...this.#deps, masks: this.#masks, killGraceMs }
    return runStep(deps, this.#spec, { ...run, state: this.#state.snapshot() })
  }

  /** Rules 13 to 15 of §14.4. */
  #settle(step: SpecStep, end: Exclude<StepEnd, { kind: 'lost' }>): void {
    const { number } = step
    if (end.kind === 'error') this.#talk.note(this.#state.fail(number, end.text))
    else if (end.kind === 'timeout') this.#talk.note(this.#state.timeOut(number, end.text))
    else {
      const code = end.exit.isOutOfMemory ? 137 : end.exit.code
      this.#talk.note(this.#state.finish(number, code))
      if (end.exit.code === 78) this.#state.skipPending()
    }
    // By the recorded code, as Drone: 78 counts although the step is a success.
    if (step.errPolicy === 'fail-fast' && this.#state.exitCodeOf(number) > 0)
      this.#stop.cancel('fail-fast')
  }

  #close(): void {
    if (--this.#open === 0) this.#over.resolve()
  }
}

/** Detached ones are over for the graph once they are on their way, unless somebody asks when they are ready. */
const isOverAtLaunch = ({ detach, healthcheck }: SpecStep): boolean =>
  detach && healthcheck === undefined
