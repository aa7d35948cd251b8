import type { AttemptRef, Logger } from '@waggle/domain'
import { removeContainer } from './create-container.ts'
import type { EngineClient } from './engine-client.ts'
import { attemptOf, labelFilter } from './stage-labels.ts'
import { isEngineAway, statusOf } from './translate-error.ts'

export interface RemoveDeps {
  readonly client: EngineClient
  readonly log: Logger
}

/** Kills and removes the attempt's containers with their anonymous volumes, then its volumes and networks, found by
 *  label. What is gone is fine; what fails is noted and left to the next time. Throws only `unavailable`. */
export const removeStage = async (
  deps: RemoveDeps,
  installation: string,
  ref: AttemptRef,
  signal?: AbortSignal,
): Promise<void> => {
  const filters = labelFilter(installation, ref)
  const containers = await listContainers(deps.client, filters, signal)
  await inTurns(containers, 8, ({ Id }) =>
    noted(deps, 'container not removed', () => removeContainer(deps.client, Id)),
  )
  const [volumes, networks] = await Promise.all([
    listVolumes(deps.client, filters, signal),
    listNetworks(deps.client, filters, signal),
  ])
  await Promise.all([
    inTurns(volumes, 8, ({ Name }) =>
      noted(deps, 'volume not removed', () =>
        deps.client.call('DELETE', `/volumes/${Name}`, { query: { force: 'true' } }),
      ),
    ),
    inTurns(networks, 4, ({ Id }) =>
      noted(deps, 'network not removed', () => deps.client.call('DELETE', `/networks/${Id}`)),
    ),
  ])
}

/** Attempts of the installation that left a container, volume or network. */
export const listLeftovers = async (
  client: EngineClient,
  installation: string,
): Promise<readonly AttemptRef[]> => {
  const filters = labelFilter(installation)
  const found = await Promise.all([
    listContainers(client, filters),
    listVolumes(client, filters),
    listNetworks(client, filters),
  ])
  const refs = new Map<string, AttemptRef>()
  for (const { Labels } of found.flat()) {
    const ref = attemptOf(Labels ?? {})
    if (ref) refs.set(`${ref.stageId}/${ref.attempt}`, ref)
  }
  return [...refs.values()]
}

interface Labelled {
  readonly Labels?: Readonly<Record<string, string>> | null
}

const listContainers = (client: EngineClient, filters: object, signal?: AbortSignal) =>
  client.call<readonly (Labelled & { Id: string })[]>('GET', '/containers/json', {
    query: { all: 'true', filters },
    signal,
  })

const listNetworks = (client: EngineClient, filters: object, signal?: AbortSignal) =>
  client.call<readonly (Labelled & { Id: string })[]>('GET', '/networks', {
    query: { filters },
    signal,
  })

const listVolumes = async (client: EngineClient, filters: object, signal?: AbortSignal) => {
  const found = await client.call<{
    Volumes?: readonly (Labelled & { Name: string })[] | null
  }>('GET', '/volumes', { query: { filters }, signal })
  return found.Volumes ?? []
}

const noted = async (
  deps: RemoveDeps,
  text: string,
  remove: () => Promise<unknown>,
): Promise<void> => {
  try {
    await remove()
  } catch (err) {
    if (isEngineAway(err)) throw err
    if (statusOf(err) !== 404) deps.log.warn(text, { err })
  }
}

const inTurns = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const rest = [...items]
  const turn = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: width }, turn))
}
