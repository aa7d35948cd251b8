import { Buffer } from 'node:buffer'
import { failpoint, type Spec, type SpecStep, type StepExit } from '@waggle/domain'
import { errorText } from './error-text.ts'
import type { ExecuteDeps } from './execute.ts'
import type { MaskSet } from './mask-set.ts'
import type { StageSnapshot } from './stage-state.ts'
import type { StepLog } from './step-output.ts'

export interface RunStepDeps extends ExecuteDeps {
  readonly masks: MaskSet
}

/** `lost`: the log's sink failed for good, so this worker cannot go on with the stage. */
export type StepEnd =
  | { readonly kind: 'exit'; readonly exit: StepExit }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'lost'; readonly error: unknown }

/** How long, beyond the grace, a step that was told to end may go on ending before the stage goes on without it. */
const stuckMs = 15_000

/** Runs one granted step to the end of its log: rules 9 to 12 of pipeline.md §14.4. Never rejects. */
export const runStep = async (
  deps: RunStepDeps,
  spec: Spec,
  step: SpecStep,
  state: StageSnapshot,
  signal: AbortSignal,
): Promise<StepEnd> => {
  let output: StepLog
  try {
    output = await deps.openOutput(step, 1)
  } catch (error) {
    return { kind: 'lost', error }
  }
  const sink = new Outlet(output)
  const end = await untilStuck(deps, runOnEngine(deps, spec, step, state, signal, sink), signal)
  sink.isClosed = true
  if (sink.failure) return { kind: 'lost', error: sink.failure.error }
  try {
    await failpoint('step.exited')
    // Nothing else says why a detached step never came up: its record is a success (§14.6).
    if (step.detach && end.kind === 'error' && !signal.aborted)
      await output.write(Buffer.from(`${end.text}\n`), 0)
    await output.end(end.kind === 'exit' ? { note: end.exit.note, gap: end.exit.gap ?? '' } : {})
    await failpoint('logs.closed')
    return end
  } catch (error) {
    return { kind: 'lost', error }
  }
}

const runOnEngine = async (
  deps: RunStepDeps,
  spec: Spec,
  step: SpecStep,
  state: StageSnapshot,
  signal: AbortSignal,
  sink: Outlet,
): Promise<StepEnd> => {
  let started: Promise<void> | undefined
  // A sink that failed ends the step as well.
  const stop = AbortSignal.any([signal, sink.broken.signal])
  try {
    const exit = await deps.engine.run(spec, step, {
      output: sink,
      try: 1,
      environment: deps.environment(step, state),
      killGraceMs: deps.killGraceMs,
      signal: stop,
      onStarted: () => {
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
  }
}

/** Waits for the step's end; once it was told to end, for a bounded time only (reliability.md C5). */
const untilStuck = async (
  deps: RunStepDeps,
  running: Promise<StepEnd>,
  signal: AbortSignal,
): Promise<StepEnd> => {
  const done = new AbortController()
  const limit = Promise.withResolvers<StepEnd>()
  const onAbort = () => {
    deps.clock.sleep(deps.killGraceMs + stuckMs, done.signal).then(
      () => {
        deps.log.warn('step did not end', { reason: 'killed' })
        const gap = 'the step did not end when it was killed'
        limit.resolve({ kind: 'exit', exit: { code: 137, isOutOfMemory: false, note: gap, gap } })
      },
      () => undefined,
    )
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([running, limit.promise])
  } finally {
    done.abort()
    signal.removeEventListener('abort', onAbort)
  }
}

/** Between an engine and a step's log: the engine's end of the step must not hang on a broken sink. */
class Outlet {
  readonly broken = new AbortController()
  readonly #output: StepLog
  failure: { readonly error: unknown } | null = null
  /** Bytes that come after the step was given up go nowhere. */
  isClosed = false

  constructor(output: StepLog) {
    this.#output = output
  }

  write(bytes: Uint8Array, timeMs: number): Promise<void> | undefined {
    if (this.failure || this.isClosed) return undefined
    const pending = this.#output.write(bytes, timeMs)
    return pending?.catch((error: unknown) => this.#break(error))
  }

  #break(error: unknown): void {
    this.failure ??= { error }
    this.broken.abort()
  }
}
