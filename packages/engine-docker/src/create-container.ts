import {
  type Clock,
  conflict,
  denied,
  failpoint,
  type Logger,
  type RunOptions,
  type Spec,
  type SpecStep,
  WaggleError,
} from '@waggle/domain'
import { refuseProcFolder } from './check-path.ts'
import { containerConfig, containerName } from './container-config.ts'
import type { EngineClient } from './engine-client.ts'
import { isMark, mayUseImage } from './image-access.ts'
import { pullImage } from './pull-image.ts'
import { isSameAttempt, stepLabel } from './stage-labels.ts'
import { connectNetwork, type StageNamespaces } from './stage-namespaces.ts'
import { isEngineAway, statusOf, textOf } from './translate-error.ts'

export interface CreateDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
  readonly retryMs: number
  readonly showPull: boolean
  readonly pidsLimit: number
  readonly isStrict: boolean
  readonly hostPaths: readonly string[]
  readonly namespaces: StageNamespaces | undefined
}

export interface CreatedContainer {
  readonly id: string
  readonly isShared: boolean
}

/** Makes the container of one try: image by the step's pull policy (pipeline.md §5.6.6), shared namespace where there
 *  is one, own otherwise. Throws `image_not_pulled`, `image_not_allowed`, `container_not_created`, with texts for the
 *  user. */
export const createContainer = async (
  deps: CreateDeps,
  spec: Spec,
  step: SpecStep,
  options: RunOptions,
): Promise<CreatedContainer> => {
  const pull = () =>
    pullImage({ ...deps, isShown: deps.showPull }, step, options.output, options.signal)
  if (isMark(step.image)) throw notAllowed(step, 'its name is none of an image')
  let pauseId = (await deps.namespaces?.pauseIdFor(step)) ?? ''
  // Last of all: a namespace that is still being made takes its time, and meanwhile another repository may have pulled
  // what the name then stands for. Not after the creation: the engine copies from the image to volumes by then.
  const isAllowed = !pullsAlways(step) && (await mayUseImage(deps.client, step))
  if (!isAllowed && step.pull === 'never')
    throw notAllowed(step, 'it was pulled with credentials that this step does not have')
  if (!isAllowed) await pull()
  let isPulled = false
  for (;;) {
    try {
      const id = await create(deps, spec, step, options, pauseId)
      await failpoint('docker.container.created')
      if (step.workingDir === '') await checkWorkingDir(deps, id)
      if (pauseId === '' && step.network === '') {
        for (const network of step.networks) await connectNetwork(deps, id, network)
      }
      return { id, isShared: pauseId !== '' }
    } catch (error) {
      if (pauseId !== '' && !isEngineAway(error) && (await deps.namespaces?.isGone(step))) {
        pauseId = ''
      } else if (statusOf(error) === 404 && step.pull !== 'never' && !isPulled) {
        isPulled = true
        await pull()
      } else {
        throw notCreated(error)
      }
    }
  }
}

const notAllowed = (step: SpecStep, why: string): WaggleError =>
  denied('image_not_allowed', `cannot use ${step.image}: ${why}`)

/** Removes one container with its anonymous volumes; one that is gone is fine. */
export const removeContainer = async (client: EngineClient, id: string): Promise<void> => {
  try {
    await client.call('DELETE', `/containers/${id}`, { query: { force: 'true', v: 'true' } })
  } catch (error) {
    // 409: somebody else is removing it.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error
  }
}

/** The image decides where such a step works, and its maker is nobody we know. */
const checkWorkingDir = async (deps: CreateDeps, id: string): Promise<void> => {
  const { Config } = await deps.client.call<{ Config: { WorkingDir: string } }>(
    'GET',
    `/containers/${id}/json`,
  )
  try {
    refuseProcFolder(Config.WorkingDir)
  } catch (error) {
    await removeContainer(deps.client, id)
    throw error
  }
}

const pullsAlways = (step: SpecStep): boolean =>
  step.pull === 'always' || (step.pull === 'default' && step.image.endsWith(':latest'))

const create = async (
  deps: CreateDeps,
  spec: Spec,
  step: SpecStep,
  options: RunOptions,
  pauseId: string,
): Promise<string> => {
  const name = containerName(step, options.try)
  const body = containerConfig(spec, step, {
    try: options.try,
    environment: options.environment,
    pauseId,
    pidsLimit: deps.pidsLimit,
    isStrict: deps.isStrict,
    hostPaths: deps.hostPaths,
  })
  const post = () =>
    deps.client.call<{ Id: string }>('POST', '/containers/create', { query: { name }, body })
  try {
    return (await post()).Id
  } catch (error) {
    if (statusOf(error) !== 409) throw error
  }
  await removeOwnPredecessor(deps, step, name)
  return (await post()).Id
}

/** The name is taken: by what a dead process left of this very step, or by a stranger, who is left alone. */
const removeOwnPredecessor = async (
  deps: CreateDeps,
  step: SpecStep,
  name: string,
): Promise<void> => {
  const found = await deps.client.call<{
    Id: string
    Config?: { Labels?: Record<string, string> }
  }>('GET', `/containers/${name}/json`)
  const labels = found.Config?.Labels
  if (!isSameAttempt(labels, step.labels) || labels?.[stepLabel] !== step.labels[stepLabel]) {
    throw conflict('container_foreign', `the name ${name} belongs to a container of somebody else`)
  }
  deps.log.warn('container of a dead process replaced', { name })
  await removeContainer(deps.client, found.Id)
}

const notCreated = (error: unknown): unknown => {
  if (!(error instanceof WaggleError) || error.code !== 'engine_refused') return error
  return new WaggleError(`cannot create the container: ${textOf(error)}`, {
    kind: error.kind,
    code: 'container_not_created',
    cause: error,
  })
}
