import type { Clock, Logger, Spec, SpecVolume } from '@waggle/domain'
import { removeContainer } from './create-container.ts'
import type { EngineClient } from './engine-client.ts'
import { pullImage } from './pull-image.ts'
import { statusOf } from './translate-error.ts'

export interface CacheDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
  readonly retryMs: number
  /** Image with `cp`, for copies of caches; empty = caches begin empty. */
  readonly copyImage: string
}

/** Beside each cache a volume without content tells by its age when the cache was used last: the engine holds it, so
 *  that all workers of one engine see the same, and nothing else of a volume can be changed. */
export const markOf = (id: string): string => `${id}-used`
export const markSuffix = '-used'

/** Makes the caches of a stage where they are missing, notes that they are used, and fills what begins as a copy of
 *  another cache (threats.md T-27). A cache that cannot be copied begins empty: it is a cache. */
export const prepareCaches = async (deps: CacheDeps, spec: Spec): Promise<void> => {
  await Promise.all(
    spec.volumes.map(async (volume) => {
      if (volume.kind === 'cache') await prepareCache(deps, spec, volume)
      else if (volume.kind === 'temp' && volume.filledFrom !== undefined)
        await fill(deps, spec, volume.filledFrom, volume.id)
    }),
  )
}

type CacheVolume = Extract<SpecVolume, { kind: 'cache' }>

const prepareCache = async (
  deps: CacheDeps,
  spec: Spec,
  { id, labels, filledFrom }: CacheVolume,
): Promise<void> => {
  const isNew = !(await exists(deps.client, id))
  await create(deps.client, id, labels)
  await touch(deps, id)
  if (filledFrom === undefined) return
  if (isNew) await fill(deps, spec, filledFrom, id)
  // Another stage made it just now, and may still be copying.
  else await waitForCopy(deps, id)
}

const create = async (
  client: EngineClient,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> => {
  await client.call('POST', '/volumes/create', {
    body: { Name: name, Driver: 'local', Labels: labels },
  })
}

/** The purge looks at the newest of cache and mark, so that a mark which is just being renewed misleads nobody. */
const touch = async ({ client, log }: CacheDeps, id: string): Promise<void> => {
  const mark = markOf(id)
  try {
    await client.call('DELETE', `/volumes/${mark}`, { query: { force: 'true' } })
    await create(client, mark, { 'io.waggle.cache.mark': id })
  } catch (err) {
    log.debug('use of a cache not noted', { name: id, err })
  }
}

const exists = async (client: EngineClient, id: string): Promise<boolean> => {
  try {
    await client.call('GET', `/volumes/${id}`)
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/** How long a copy may take before the stage goes on with what there is. */
const copyMs = 300_000

/** Copies in a container of its own, without network, that sees the source read-only. It bears the stage's labels: what
 *  a dead worker leaves of it goes with the stage. */
const fill = async (deps: CacheDeps, spec: Spec, from: string, to: string): Promise<void> => {
  const { client, log, copyImage } = deps
  if (copyImage === '' || !(await exists(client, from))) return
  const name = copierOf(to)
  try {
    await touch(deps, from)
    const body = {
      Image: copyImage,
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: ['cp -a /from/. /to/'],
      User: '0:0',
      WorkingDir: '/',
      Labels: spec.network.labels,
      HostConfig: {
        NetworkMode: 'none',
        Mounts: [
          { Type: 'volume', Source: from, Target: '/from', ReadOnly: true },
          { Type: 'volume', Source: to, Target: '/to' },
        ],
      },
    }
    const make = () => client.call('POST', '/containers/create', { query: { name }, body })
    await make().catch(async (error: unknown) => {
      if (statusOf(error) !== 404) throw error
      await pull(deps)
      await make()
    })
    await client.call('POST', `/containers/${name}/start`)
    const { StatusCode } = await client.call<{ StatusCode: number }>(
      'POST',
      `/containers/${name}/wait`,
      { deadlineMs: copyMs },
    )
    if (StatusCode !== 0) log.warn('cache copied in part', { name: to, exitCode: StatusCode })
  } catch (err) {
    // 409: another stage copies it.
    if (statusOf(err) === 409) return waitForCopy(deps, to)
    log.warn('cache begins empty: it could not be copied', { name: to, err })
  }
  await removeContainer(client, name).catch((err: unknown) =>
    log.debug('container not removed', { name, err }),
  )
}

const copierOf = (volume: string): string => `${volume}-copy`

const waitForCopy = async ({ client }: CacheDeps, volume: string): Promise<void> => {
  // There is none, or it has ended: what there is will do.
  await client
    .call('POST', `/containers/${copierOf(volume)}/wait`, { deadlineMs: copyMs })
    .catch(() => undefined)
}

const pull = ({ copyImage, ...deps }: CacheDeps): Promise<void> =>
  pullImage(
    { ...deps, isShown: false },
    { image: copyImage, auth: null, labels: {} },
    { write: () => undefined },
    AbortSignal.timeout(copyMs),
  )
