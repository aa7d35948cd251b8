import type { Spec } from '@waggle/domain'
import { errorText } from './error-text.ts'
import { execute } from './execute.ts'
import type { ExecuteDeps, ExecuteResult } from './execute-deps.ts'
import { masksOf } from './mask-set.ts'
import { StageRun } from './stage-run.ts'

/** Sets a stage up and runs it. A failed set-up ends it in `error` with the engine's text and all steps skipped.
 *  Set-up is not interrupted by `signal`, though its time counts (pipeline.md §13.1, §14.7).
 *
 *  Leaves the clean-up to the caller, also when it rejects: the result is told before `engine.destroy`. */
export const runSpec = async (
  deps: ExecuteDeps,
  spec: Spec,
  signal: AbortSignal,
): Promise<ExecuteResult> => {
  const begin = deps.clock.monotonic()
  try {
    await withPatience(signal, deps.timeoutMs, (patience) => deps.engine.setup(spec, patience))
  } catch (error) {
    // What the engine says may quote a secret: masked for the log as well (invariant I12).
    const reason = errorText(error, masksOf(spec.masks))
    deps.log.warn('stage set-up failed', { reason })
    return new StageRun(deps, spec).fail(error instanceof Error ? error.message : '', signal)
  }
  const timeoutMs = deps.timeoutMs - (deps.clock.monotonic() - begin)
  return execute({ ...deps, timeoutMs }, spec, signal)
}

/** Fires with `signal` or after so many milliseconds, while the work lasts: a timer of an hour a stage would outlive
 *  all of them. */
const withPatience = async (
  signal: AbortSignal,
  ms: number,
  work: (patience: AbortSignal) => Promise<void>,
): Promise<void> => {
  const patience = new AbortController()
  const onAbort = () => patience.abort(signal.reason)
  const timer = setTimeout(() => patience.abort(), timerMs(ms))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    await work(patience.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

// What a timer can hold: 24 days.
const timerMs = (ms: number): number => Math.max(0, Math.min(Math.round(ms), 2 ** 31 - 1))
