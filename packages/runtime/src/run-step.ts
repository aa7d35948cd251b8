import { failpoint, type Spec, type SpecStep } from '@waggle/domain'
import { errorText } from './error-text.ts'
import type { ExecuteDeps } from './execute-deps.ts'
import type { MaskSet } from './mask-set.ts'
import type { StageSnapshot } from './stage-state.ts'
import type { StepEnd } from './step-end.ts'
import type { StepLog } from './step-output.ts'
import { retryHeader, retryNote } from './step-retry.ts'
import { ownLine, StepTimeout } from './step-timeout.ts'

export interface RunStepDeps extends ExecuteDeps {
  readonly masks: MaskSet
}

/** How long, beyond the grace, a step that was told to end may go on ending before the stage goes on without it. */
const stuckMs = 15_000

export interface StepRun {
  readonly step: SpecStep
  /** From 1. */
  readonly try: number
  readonly state: StageSnapshot
  readonly signal: AbortSignal
  readonly onStarted?: () => void
}

/** Runs one granted try of a step to the end of its log: rules 9 to 12 of pipeline.md §14.4. Never rejects. */
export const runStep = async (deps: RunStepDeps, spec: Spec, run: StepRun): Promise<StepEnd> => {
  const { step, signal } = run
  let output: StepLog
  try {
    output = await deps.openOutput(step, run.try)
    const header = retryHeader(step, run.try)
    if (header !== '') await output.write(ownLine(header), 0)
  } catch (error) {
    return { kind: 'lost', error }
  }
  const sink = new Outlet(output)
  const timeout = new StepTimeout(deps.clock, step)
  // A detached step has no timeout; any other must also end where it hangs on its end.
  const ended = timeout.within(signal)
  const end = timedOut(
    await untilStuck(
      deps,
      runOnEngine(deps, spec, { ...run, signal: ended }, sink, timeout),
      ended,
    ),
    timeout,
    signal,
  )
  timeout.stop()
  sink.isClosed = true
  if (sink.failure) return { kind: 'lost', error: sink.failure.error }
  try {
    await failpoint('step.exited')
    // Nothing else says why a detached step never came up: its record is a success (§14.6).
    if (step.detach && end.kind === 'error' && !signal.aborted)
      await output.write(ownLine(end.text), 0)
    await output.end(endOfLog(end, signal.aborted ? '' : retryNote(step, end, run.try)))
    await failpoint('logs.closed')
    return end
  } catch (error) {
    return { kind: 'lost', error }
  }
}

/** What was told to end by the stage is ended by the stage, whatever its own time. */
const timedOut = (end: StepEnd, timeout: StepTimeout, stage: AbortSignal): StepEnd =>
  end.kind === 'exit' && timeout.isExpired && !stage.aborted
    ? { kind: 'timeout', exit: end.exit, text: timeout.text }
    : end

const endOfLog = (end: StepEnd, retried: string): { note?: string; gap?: string } => {
  if (end.kind === 'error') return { note: retried }
  if (end.kind === 'lost') return {}
  const timeout = end.kind === 'timeout' && retried === '' ? end.text : ''
  const notes = [end.exit.note, timeout, retried].filter((note) => note !== '')
  return { note: notes.join('; '), gap: end.exit.gap ?? '' }
}

const runOnEngine = async (
  deps: RunStepDeps,
  spec: Spec,
  { step, try: tryNumber, state, signal, onStarted }: StepRun,
  sink: Outlet,
  timeout: StepTimeout,
): Promise<StepEnd> => {
  let started: Promise<void> | undefined
  const unfollow = sink.follow(signal)
  try {
    const exit = await deps.engine.run(spec, step, {
      output: sink,
      try: tryNumber,
      environment: deps.environment(step, state),
      killGraceMs: deps.killGraceMs,
      signal: sink.stop,
      onStarted: () => {
        timeout.start()
        onStarted?.()
        started = failpoint('step.running')
        // Heard below, unless the step fails first.
        started.catch(() => undefined)
      },
    })
    await started
    return { kind: 'exit', exit }
  } catch (error) {
    // What the engine says may quote a secret: masked for the log as well (invariant I12).
    const text = errorText(error, deps.masks)
    if (!signal.aborted)
      deps.log.debug('step did not run', { 'step.number': step.number, reason: text })
    return { kind: 'error', text }
  } finally {
    unfollow()
  }
}

/** Waits for the step's end; once it was told to end, for a bounded time only (reliability.md C5). */
const untilStuck = async (
  deps: RunStepDeps,
  running: Promise<StepEnd>,
  signal: AbortSignal,
): Promise<StepEnd> => {
  let done: AbortController | null = null
  const limit = Promise.withResolvers<StepEnd>()
  const onAbort = () => {
    done = new AbortController()
    deps.clock.sleep(deps.killGraceMs + stuckMs, done.signal).then(
      () => {
        deps.log.warn('step did not end', { reason: 'killed' })
        const gap = 'the step did not end when it was killed'
        limit.resolve({ kind: 'exit', exit: { code: 137, isOutOfMemory: false, note: gap, gap } })
      },
      () => undefined,
    )
  }
  const stopWaiting = () => done?.abort()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([running, limit.promise])
  } finally {
    stopWaiting()
    signal.removeEventListener('abort', onAbort)
  }
}

/** Between an engine and a step's log: the engine's end of the step must not hang on a broken sink. */
class Outlet {
  readonly #stop = new AbortController()
  readonly #output: StepLog
  failure: { readonly error: unknown } | null = null
  /** Bytes that come after the step was given up go nowhere. */
  isClosed = false

  constructor(output: StepLog) {
    this.#output = output
  }

  /** Ends the step: with the signal that it follows, and when the sink failed. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Until the returned call. By hand: a signal made of signals is the dearest part of a step that does nothing. */
  follow(signal: AbortSignal): () => void {
    const onAbort = () => this.#stop.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    return () => signal.removeEventListener('abort', onAbort)
  }

  write(bytes: Uint8Array, timeMs: number): Promise<void> | undefined {
    if (this.failure || this.isClosed) return undefined
    const pending = this.#output.write(bytes, timeMs)
    return pending?.catch((error: unknown) => this.#break(error))
  }

  #break(error: unknown): void {
    this.failure ??= { error }
    this.#stop.abort()
  }
}
