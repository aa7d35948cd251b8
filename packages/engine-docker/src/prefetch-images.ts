import type { Clock, Logger, Spec, SpecStep } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { findImage } from './image-access.ts'
import { pullImage } from './pull-image.ts'

export interface PrefetchDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
  readonly retryMs: number
}

export interface Prefetch {
  /** Breaks off what is under way. */
  end(): Promise<void>
}

/** Pulls images of later steps while earlier ones run (design §12): those that the engine does not have, one at a time,
 *  in the order of the list. The engine itself joins two pulls of one image, and a step goes on to pull by its own
 *  policy and with its own credentials, so nothing depends on this; what fails here fails there, with its text. */
export const prefetchImages = (deps: PrefetchDeps, spec: Spec): Prefetch => {
  const stop = new AbortController()
  const done = pullAll(deps, spec, stop.signal)
  return {
    end: () => {
      stop.abort()
      return done
    },
  }
}

const pullAll = async (deps: PrefetchDeps, spec: Spec, signal: AbortSignal): Promise<void> => {
  for (const step of laterSteps(spec)) {
    if (signal.aborted) return
    try {
      if ((await findImage(deps.client, step.image, signal)) === null)
        await pullImage({ ...deps, isShown: false }, step, { write: () => undefined }, signal)
    } catch (err) {
      if (!signal.aborted) deps.log.debug('image not pulled ahead', { err, name: step.image })
    }
  }
}

/** One step for each image. The first steps pull for themselves, and what runs only after a failure may not run. */
const laterSteps = (spec: Spec): readonly SpecStep[] => {
  const isLater = ({ dependsOn, runPolicy, pull }: SpecStep) =>
    dependsOn.length > 0 &&
    (runPolicy === 'on-success' || runPolicy === 'always') &&
    pull !== 'never'
  const first = spec.steps.filter((step) => !isLater(step)).map(({ image }) => image)
  const seen = new Set(first)
  return spec.steps.filter((step) => {
    if (!isLater(step) || seen.has(step.image)) return false
    seen.add(step.image)
    return true
  })
}
