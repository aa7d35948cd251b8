import { failpoint, type Grant, type SpecStep, type StepUpdate } from '@waggle/domain'
import type { StageReporter } from './stage-reporter.ts'
import type { StageState } from './stage-state.ts'
import type { StageStop } from './stage-stop.ts'

/** An entry that may start as soon as it is granted. */
export interface Candidate {
  readonly entry: number
  readonly step: SpecStep
  /** Which try of it this is. */
  readonly try: number
  /** Gives back its place under the process limit. */
  readonly release: () => void
}

export interface StageTalkDeps {
  readonly reporter: StageReporter
  readonly state: StageState
  readonly stop: StageStop
  /** Whether entries run, or wait for a slot: with their end there will be more to tell. */
  isRunning(): boolean
  readonly launch: (granted: readonly Candidate[]) => void
  /** The candidate was skipped while it waited for its grant. */
  passOver(candidate: Candidate): void
}

/** The stage's talk with its reporter: it asks and tells, one call at a time, and what comes up meanwhile goes with
 *  the next one (pipeline.md §14.11). */
export class StageTalk {
  readonly #deps: StageTalkDeps
  #isStarted = false
  #isTalking = false
  #wanted: Candidate[] = []
  #updates: StepUpdate[] = []

  constructor(deps: StageTalkDeps) {
    this.#deps = deps
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  want(candidate: Candidate): void {
    this.#wanted.push(candidate)
  }

  note(update: StepUpdate | null): void {
    if (update) this.#updates.push(update)
  }

  /** Begins to talk; `null` where that is under way. Resolves when nothing is left to say, and never rejects. */
  begin(): Promise<void> | null {
    if (this.#isTalking) return null
    this.#isTalking = true
    return this.#converse()
  }

  /** Tells the start, and later what ended; asks for the grants. `false`: refused. */
  async tell(grants: readonly Grant[]): Promise<boolean> {
    const { reporter, state } = this.#deps
    if (!this.#isStarted) {
      this.#isStarted = true
      return reporter.start(state.records(), grants)
    }
    const updates = this.#updates
    this.#updates = []
    let isGranted = true
    if (grants.length > 0) isGranted = await reporter.grant(grants, updates)
    else await reporter.report(updates)
    if (updates.length > 0) await failpoint('step.reported')
    return isGranted
  }

  async #converse(): Promise<void> {
    const { stop } = this.#deps
    try {
      while (!stop.signal.aborted) {
        const wanted = this.#takeWanted()
        if (this.#isStarted && wanted.length === 0 && !this.#hasNews()) return
        await this.#ask(wanted)
      }
    } catch (error) {
      stop.fail(error)
    } finally {
      release(this.#wanted)
      this.#wanted = []
      // In the same breath as the decision that nothing is left to say.
      this.#isTalking = false
    }
  }

  /** Without those that exit code 78 skipped while they waited for the last call (rule 7, X22). */
  #takeWanted(): Candidate[] {
    const wanted: Candidate[] = []
    while (this.#wanted.length > 0) {
      const candidates = this.#wanted
      this.#wanted = []
      for (const candidate of candidates) {
        if (this.#isOpen(candidate)) wanted.push(candidate)
        else {
          candidate.release()
          this.#deps.passOver(candidate)
        }
      }
    }
    return wanted
  }

  /** Between two tries a step runs. */
  #isOpen({ step, try: tryNumber }: Candidate): boolean {
    return this.#deps.state.statusOf(step.number) === (tryNumber === 1 ? 'pending' : 'running')
  }

  /** What ended last goes with the result of the stage, which follows at once. */
  #hasNews(): boolean {
    return this.#updates.length > 0 && this.#deps.isRunning()
  }

  /** From the question on the steps count as running: if the stage is cancelled meanwhile, they are killed. */
  async #ask(wanted: readonly Candidate[]): Promise<void> {
    const { state, stop, launch } = this.#deps
    for (const { step } of wanted) state.start(step.number)
    let isGranted = false
    try {
      isGranted = await this.tell(wanted.map(grantOf))
      if (isGranted && wanted.length > 0) await failpoint('step.granted')
      if (isGranted && !stop.signal.aborted) return launch(wanted)
    } catch (error) {
      stop.fail(error)
    }
    release(wanted)
    if (isGranted) return
    for (const candidate of wanted) if (candidate.try === 1) state.unstart(candidate.step.number)
    stop.cancel('refused')
  }
}

const grantOf = ({ step: { number, isImplicit }, try: tryNumber }: Candidate): Grant => ({
  step: number,
  try: tryNumber,
  ...(isImplicit ? { isImplicit } : {}),
})

const release = (candidates: readonly Candidate[]): void => {
  for (const candidate of candidates) candidate.release()
}
