import { type Clock, type Engine, isWaggleError, type Spec, type SpecStep } from '@waggle/domain'
import type { Launched } from './detached-steps.ts'
import { errorText } from './error-text.ts'
import type { MaskSet } from './mask-set.ts'
import type { StepEnd } from './step-end.ts'

export interface ReadinessDeps {
  readonly engine: Engine
  readonly clock: Clock
  readonly masks: MaskSet
  readonly environment: Readonly<Record<string, string>>
}

/** Asks a service that was started until it is ready. `null`: it is, or nobody waits any more; else the text of the
 *  stage's error. */
const untilReady = async (
  { engine, clock, masks, environment }: ReadinessDeps,
  spec: Spec,
  step: SpecStep,
  signal: AbortSignal,
): Promise<string | null> => {
  const check = step.healthcheck
  if (check === undefined || signal.aborted) return null
  if (engine.probe === undefined)
    return `service ${step.name} cannot be asked whether it is ready: the engine of its worker has no healthchecks`
  const startedAt = clock.monotonic()
  for (let failures = 0; ; ) {
    const options = { try: 1, environment, signal }
    const result = await engine.probe(spec, step, options).catch((error: unknown) => {
      // An engine that is away may come back: the probe failed, the service may be ready all the same.
      if (isWaggleError(error, 'internal')) throw error
      return { isReady: false, detail: error instanceof Error ? error.message : String(error) }
    })
    if (result.isReady || signal.aborted) return null
    const elapsedMs = clock.monotonic() - startedAt
    if (elapsedMs >= check.startPeriodMs) failures++
    if (failures >= check.retries) {
      const count = failures === 1 ? 'a probe' : `${failures} probes in a row`
      const seconds = Math.round(elapsedMs / 100) / 10
      const text = `service ${step.name} is not ready: ${count} failed, ${seconds} s after its start`
      return result.detail === '' ? text : errorText(`${text}; the last: ${result.detail}`, masks)
    }
    await clock.sleep(check.intervalMs, signal).catch(() => undefined)
    if (signal.aborted) return null
  }
}

/** Waits until a launched service is ready, or never will be. Answers as `untilReady`. */
export const serviceReady = async (
  deps: ReadinessDeps,
  spec: Spec,
  step: SpecStep,
  { started, ended }: Launched,
  signal: AbortSignal,
): Promise<string | null> => {
  const over = new AbortController()
  const end = ended.then((how) => (signal.aborted ? null : endedBeforeReady(step, how)))
  const asked = started.then(() =>
    untilReady(deps, spec, step, AbortSignal.any([signal, over.signal])),
  )
  try {
    return await Promise.race([end, asked])
  } finally {
    over.abort()
  }
}

/** Why a service that has ended will never be ready; `null` where that says nothing: it was ended with the stage. */
const endedBeforeReady = ({ name }: SpecStep, end: StepEnd): string | null => {
  switch (end.kind) {
    case 'exit':
      return `service ${name} ended with exit code ${end.exit.code} before it was ready`
    case 'error':
      return `service ${name} could not be started: ${end.text}`
    case 'timeout':
    case 'lost':
      return null
    default:
      return end satisfies never
  }
}
