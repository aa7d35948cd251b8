import {
  failpoint,
  type Grant,
  isFailed,
  isWaggleError,
  type Spec,
  type SpecStep,
  type StepUpdate,
} from '@waggle/domain'
import { errorText } from './error-text.ts'
import type { ExecuteDeps, ExecuteResult, StopReason } from './execute.ts'
import { MaskSet } from './mask-set.ts'
import { runStep, type StepEnd } from './run-step.ts'
import { StageState } from './stage-state.ts'
import { StepGraph } from './step-graph.ts'

/** An entry that may start as soon as it is granted. */
interface Candidate {
  readonly entry: number
  readonly step: SpecStep
  readonly release: () => void
}

/** One walk through a stage's graph.
 *
 *  Everything that moves the stage happens in turns: `#admit` decides on entries whose dependencies ended, `#talk`
 *  asks for their grants one call at a time (each carries what ended meanwhile), `#launch` starts them. */
export class StageRun {
  readonly #deps: ExecuteDeps
  readonly #spec: Spec
  readonly #state: StageState
  readonly #masks: MaskSet
  /** Ends every step: cancel, timeout, fail-fast, refusal, failure of the worker. */
  readonly #stop = new AbortController()
  /** Ends detached steps, also when the graph was walked to its end. */
  readonly #stopDetached = new AbortController()
  readonly #detached = new Set<Promise<void>>()
  readonly #over = Promise.withResolvers<void>()
  #graph: StepGraph | null = null
  #reason: StopReason | '' = ''
  #failure: { readonly error: unknown } | null = null
  #isStarted = false
  /** Entries and calls that are on their way; at none the walk is over. */
  #open = 0
  /** Entries that run, or wait for a slot. */
  #running = 0
  #talking = false
  #wanted: Candidate[] = []
  #updates: StepUpdate[] = []

  constructor(deps: ExecuteDeps, spec: Spec) {
    this.#deps = deps
    this.#spec = spec
    this.#state = new StageState(spec.steps)
    this.#masks = new MaskSet(spec.masks)
  }

  async run(signal: AbortSignal): Promise<ExecuteResult> {
    const graph = StepGraph.build(this.#spec.steps)
    if (typeof graph === 'string') return this.fail(graph, signal)
    this.#graph = graph
    const unwatch = this.#watch(signal)
    try {
      if (!this.#stop.signal.aborted) await this.#walk(graph)
      // Its time was over before it started: its end will name steps, so they have to be known.
      if (this.#reason === 'timeout' && !this.#isStarted) await this.#tell([])
    } finally {
      unwatch()
    }
    await this.#endDetached()
    if (this.#failure) throw this.#failure.error
    return this.#result()
  }

  /** Ends a stage of which nothing can run: its records are made, all skipped. */
  async fail(error: string, signal: AbortSignal): Promise<ExecuteResult> {
    const isHeard = !signal.aborted && (await this.#deps.reporter.start(this.#state.records(), []))
    if (isHeard) this.#state.failStage(errorText(error, this.#masks))
    else {
      throwIfLost(signal)
      this.#reason = signal.aborted ? 'cancelled' : 'refused'
      this.#state.cancel()
    }
    return this.#result()
  }

  #result(): ExecuteResult {
    return { ...this.#state.result(), stopped: this.#reason }
  }

  async #walk(graph: StepGraph): Promise<void> {
    this.#open++
    this.#talking = true
    this.#admit(graph.roots())
    // Entries that wait for a slot may have got one by then, and go along with the start.
    if (this.#deps.slots) await new Promise(setImmediate)
    this.#talking = false
    this.#talk()
    this.#close()
    await this.#over.promise
  }

  /** Listens to what ends the stage from outside. */
  #watch(signal: AbortSignal): () => void {
    const timer = new AbortController()
    const onAbort = () => {
      if (isLost(signal)) this.#fail(signal.reason)
      else this.#cancel('cancelled')
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const { clock, timeoutMs } = this.#deps
    if (timeoutMs <= 0) this.#cancel('timeout')
    // Timers hold 31 bits of milliseconds: 24 days.
    clock.sleep(Math.min(Math.max(timeoutMs, 1), 2 ** 31 - 1), timer.signal).then(
      () => this.#cancel('timeout'),
      () => undefined,
    )
    return () => {
      timer.abort()
      signal.removeEventListener('abort', onAbort)
    }
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
        this.#wanted.push({ entry, step, release: () => undefined })
        if (step.detach) ready.push(...this.#complete(entry))
      }
    }
  }

  /** What does not run is skipped, where it has a record that still waits. */
  #mayRun(step: SpecStep): boolean {
    if (step.runPolicy === 'never' || this.#state.statusOf(step.number) !== 'pending') return false
    const isWanted =
      step.runPolicy === 'always' || (step.runPolicy === 'on-failure') === this.#state.isFailed
    if (isWanted) return true
    const skipped = this.#state.skip(step.number)
    if (skipped) this.#updates.push(skipped)
    return false
  }

  /** The entry is over for the graph; detached ones are that once they are on their way. */
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
        this.#wanted.push({ entry, step, release: () => undefined })
        this.#admit(this.#complete(entry))
      } else this.#wanted.push({ entry, step, release })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#fail(error)
    }
    this.#running--
    this.#talk()
    this.#close()
  }

  /** Asks and tells, one call at a time; what comes up meanwhile goes with the next one. */
  #talk(): void {
    if (this.#talking) return
    this.#talking = true
    this.#open++
    void this.#converse().then(() => this.#close())
  }

  async #converse(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        const wanted = this.#takeWanted()
        if (this.#isStarted && wanted.length === 0 && !this.#hasNews()) return
        await this.#ask(wanted)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      release(this.#wanted)
      this.#wanted = []
      // In the same breath as the decision that nothing is left to say.
      this.#talking = false
    }
  }

  /** Without those that exit code 78 skipped while they waited for the last call (rule 7, X22). */
  #takeWanted(): Candidate[] {
    const wanted: Candidate[] = []
    while (this.#wanted.length > 0) {
      const candidates = this.#wanted
      this.#wanted = []
      for (const candidate of candidates) {
        if (this.#state.statusOf(candidate.step.number) === 'pending') wanted.push(candidate)
        else {
          candidate.release()
          if (!candidate.step.detach) this.#admit(this.#complete(candidate.entry))
        }
      }
    }
    return wanted
  }

  /** What ended last goes with the result of the stage, which follows at once. */
  #hasNews(): boolean {
    return this.#updates.length > 0 && this.#running > 0
  }

  /** From the question on the steps count as running: if the stage is cancelled meanwhile, they are killed. */
  async #ask(wanted: readonly Candidate[]): Promise<void> {
    for (const { step } of wanted) this.#state.start(step.number)
    let isGranted = false
    try {
      isGranted = await this.#tell(wanted.map(({ step }) => grantOf(step)))
      if (isGranted && wanted.length > 0) await failpoint('step.granted')
      if (isGranted && !this.#stop.signal.aborted) return this.#launch(wanted)
    } catch (error) {
      this.#fail(error)
    }
    release(wanted)
    if (isGranted) return
    for (const { step } of wanted) this.#state.unstart(step.number)
    this.#cancel('refused')
  }

  async #tell(grants: readonly Grant[]): Promise<boolean> {
    const { reporter } = this.#deps
    if (!this.#isStarted) {
      this.#isStarted = true
      return reporter.start(this.#state.records(), grants)
    }
    const updates = this.#updates
    this.#updates = []
    let isGranted = true
    if (grants.length > 0) isGranted = await reporter.grant(grants, updates)
    else await reporter.report(updates)
    if (updates.length > 0) await failpoint('step.reported')
    return isGranted
  }

  #launch(granted: readonly Candidate[]): void {
    for (const candidate of granted) {
      if (candidate.step.detach) this.#runDetached(candidate.step)
      else void this.#runEntry(candidate)
    }
  }

  /** Killed without a grace, as the clean-up would (§13.6): the stage's result does not wait for a service that takes
   *  its time. */
  #runDetached(step: SpecStep): void {
    const signal = AbortSignal.any([this.#stop.signal, this.#stopDetached.signal])
    const running: Promise<void> = this.#runStep(step, 0, signal)
      .then((end) => {
        if (end.kind === 'lost') this.#fail(end.error)
      })
      .finally(() => this.#detached.delete(running))
    this.#detached.add(running)
  }

  async #runEntry({ entry, step, release }: Candidate): Promise<void> {
    this.#open++
    this.#running++
    const end = await this.#runStep(step, this.#deps.killGraceMs, this.#stop.signal)
    release()
    if (end.kind === 'lost') this.#fail(end.error)
    else if (!this.#stop.signal.aborted) {
      this.#settle(step, end)
      if (!this.#stop.signal.aborted) this.#admit(this.#complete(entry))
    }
    this.#running--
    this.#talk()
    this.#close()
  }

  #runStep(step: SpecStep, killGraceMs: number, signal: AbortSignal): Promise<StepEnd> {
    const deps = { ...this.#deps, masks: this.#masks, killGraceMs }
    return runStep(deps, this.#spec, step, this.#state.snapshot(), signal)
  }

  /** Rules 13 to 15 of §14.4. */
  #settle(step: SpecStep, end: Exclude<StepEnd, { kind: 'lost' }>): void {
    const { number } = step
    if (end.kind === 'error') this.#updates.push(this.#state.fail(number, end.text))
    else {
      const code = end.exit.isOutOfMemory ? 137 : end.exit.code
      const update = this.#state.finish(number, code)
      if (update) this.#updates.push(update)
      if (end.exit.code === 78) this.#state.skipPending()
    }
    // A 78 is a success, though its code is above 0 (§14.8).
    if (step.errPolicy === 'fail-fast' && isFailed(this.#state.statusOf(number)))
      this.#cancel('fail-fast')
  }

  #cancel(reason: StopReason): void {
    if (this.#stop.signal.aborted) return
    this.#reason = reason
    this.#state.cancel()
    this.#deps.log.info('stage stopped', { reason })
    this.#stop.abort()
  }

  /** This worker cannot go on with the stage. The first failure counts. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stop.abort()
  }

  #close(): void {
    if (--this.#open === 0) this.#over.resolve()
  }

  /** Detached steps end with the stage (§14.6), before its result is told: their logs still need the lease. */
  async #endDetached(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#state.close()
    this.#stopDetached.abort()
    await Promise.all(this.#detached)
  }
}

const grantOf = ({ number, isImplicit }: SpecStep): Grant => ({
  step: number,
  try: 1,
  ...(isImplicit ? { isImplicit } : {}),
})

const release = (candidates: readonly Candidate[]): void => {
  for (const candidate of candidates) candidate.release()
}

const isLost = (signal: AbortSignal): boolean => isWaggleError(signal.reason, 'conflict')

const throwIfLost = (signal: AbortSignal): void => {
  if (isLost(signal)) throw signal.reason
}
