import { cancelled, type RunOptions, type Spec, type SpecStep, WaggleError } from '@waggle/domain'
import {
  type CreateDeps,
  type CreatedContainer,
  createContainer,
  removeContainer,
} from './create-container.ts'
import { patiently } from './patiently.ts'
import { isEngineAway, statusOf, textOf } from './translate-error.ts'

/** Creates the step's container and starts it; what did not start is removed. Gives its id. */
export const startContainer = async (
  deps: CreateDeps,
  spec: Spec,
  step: SpecStep,
  options: RunOptions,
): Promise<string> => {
  const create = async () => {
    if (options.signal.aborted) throw cancelled('step_cancelled', 'cancelled before it started')
    // A container of that name that this left half-made was never started: it is replaced.
    return patiently(deps, options.signal, () => createContainer(deps, spec, step, options))
  }
  let container = await create()
  try {
    await start(deps, container, options)
  } catch (error) {
    await discard(deps, container.id)
    const isLonely = container.isShared && !isEngineAway(error) && !options.signal.aborted
    if (!isLonely || !(await deps.namespaces?.isGone(step))) throw error
    // The pause container is gone: once more, with a namespace of its own.
    container = await create()
    try {
      await start(deps, container, options)
    } catch (second) {
      await discard(deps, container.id)
      throw second
    }
  }
  return container.id
}

const start = async (deps: CreateDeps, container: CreatedContainer, options: RunOptions) => {
  if (options.signal.aborted) throw cancelled('step_cancelled', 'cancelled before it started')
  let isAsked = false
  try {
    await patiently(deps, options.signal, async () => {
      // The answer may have been lost: what was started, and perhaps has ended, must not be started again.
      if (isAsked && (await wasStarted(deps, container.id))) return
      isAsked = true
      await deps.client.call('POST', `/containers/${container.id}/start`)
    })
  } catch (error) {
    if (statusOf(error) === 0) throw error
    throw new WaggleError(`cannot start the container: ${textOf(error)}`, {
      kind: (error as WaggleError).kind,
      code: 'container_not_started',
      cause: error,
    })
  }
}

const wasStarted = async ({ client }: CreateDeps, id: string): Promise<boolean> => {
  const { State } = await client.call<{ State: { Status: string } }>(
    'GET',
    `/containers/${id}/json`,
  )
  return State.Status !== 'created'
}

/** A failing clean-up never hides why the step did not start; destroy tries again. */
const discard = async (deps: CreateDeps, id: string): Promise<void> => {
  await removeContainer(deps.client, id).catch((err: unknown) =>
    deps.log.debug('container not removed', { err, name: id }),
  )
}
