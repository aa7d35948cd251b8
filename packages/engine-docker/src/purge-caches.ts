import type { CacheLimits, Clock, Logger } from '@waggle/domain'
import { markOf, markSuffix } from './cache-volumes.ts'
import type { EngineClient } from './engine-client.ts'
import { isEngineAway, statusOf } from './translate-error.ts'

interface PurgeDeps {
  readonly client: EngineClient
  readonly clock: Clock
  readonly log: Logger
}

interface Volume {
  readonly Name: string
  readonly CreatedAt?: string
  readonly Labels?: Readonly<Record<string, string>> | null
}

interface Cache {
  readonly id: string
  readonly usedAt: number
  readonly maxAgeMs: number
  readonly sizeLimitBytes: number
}

/** Removes the caches of an owner that were not used for too long, hold more than they may, or, the longest unused
 *  first, are too much together. One that a container uses stays. */
export const purgeCaches = async (
  deps: PurgeDeps,
  owner: string,
  limits: CacheLimits,
): Promise<number> => {
  const caches = await listCaches(deps.client, owner)
  if (caches.length === 0) return 0
  const nowMs = deps.clock.now()
  const isOld = ({ usedAt, maxAgeMs }: Cache): boolean =>
    nowMs - usedAt > Math.min(maxAgeMs || Number.POSITIVE_INFINITY, limits.maxAgeMs)
  let purged = 0
  const remaining: Cache[] = []
  for (const cache of caches) {
    if (isOld(cache) && (await remove(deps, cache, 'age'))) purged++
    else remaining.push(cache)
  }
  const needsSizes = limits.totalBytes > 0 || remaining.some((cache) => cache.sizeLimitBytes > 0)
  if (remaining.length === 0 || !needsSizes) return purged
  return purged + (await purgeLarge(deps, remaining, limits.totalBytes))
}

/** The engine has to read every file for their sizes. */
const purgeLarge = async (
  deps: PurgeDeps,
  caches: readonly Cache[],
  totalBytes: number,
): Promise<number> => {
  const sizes = await sizesOf(deps.client)
  const sizeOf = ({ id }: Cache): number => sizes.get(id) ?? 0
  let total = caches.reduce((sum, cache) => sum + sizeOf(cache), 0)
  let purged = 0
  const isLarge = (cache: Cache): boolean =>
    cache.sizeLimitBytes > 0 && sizeOf(cache) > cache.sizeLimitBytes
  // What has to go for itself goes first: the others may be few enough then.
  const byUrgency = caches.toSorted(
    (a, b) => Number(isLarge(b)) - Number(isLarge(a)) || a.usedAt - b.usedAt,
  )
  for (const cache of byUrgency) {
    const isTooMuch = totalBytes > 0 && total > totalBytes
    if (!(isLarge(cache) || isTooMuch) || !(await remove(deps, cache, 'size'))) continue
    total -= sizeOf(cache)
    purged++
  }
  return purged
}

/** By name, for a cache whose labels got lost is one as well. */
const listCaches = async (client: EngineClient, owner: string): Promise<Cache[]> => {
  const prefix = `waggle-cache-${owner}-`
  const { Volumes } = await client.call<{ Volumes?: readonly Volume[] | null }>('GET', '/volumes', {
    query: { filters: { name: [prefix] } },
  })
  // The engine's filter finds the text anywhere in a name.
  const own = (Volumes ?? []).filter(({ Name }) => Name.startsWith(prefix))
  const times = new Map(own.map(({ Name, CreatedAt }) => [Name, Date.parse(CreatedAt ?? '') || 0]))
  return own
    .filter(({ Name }) => !Name.endsWith(markSuffix))
    .map(({ Name, Labels }) => ({
      id: Name,
      usedAt: Math.max(times.get(Name) ?? 0, times.get(markOf(Name)) ?? 0),
      maxAgeMs: Number(Labels?.['io.waggle.cache.max-age-ms'] ?? 0) || 0,
      sizeLimitBytes: Number(Labels?.['io.waggle.cache.size-bytes'] ?? 0) || 0,
    }))
}

const sizesOf = async (client: EngineClient): Promise<ReadonlyMap<string, number>> => {
  const { Volumes } = await client.call<{
    Volumes?: readonly { Name: string; UsageData?: { Size?: number } | null }[] | null
  }>('GET', '/system/df', { query: { type: 'volume' }, deadlineMs: 600_000 })
  return new Map((Volumes ?? []).map(({ Name, UsageData }) => [Name, UsageData?.Size ?? 0]))
}

const remove = async (
  { client, log }: PurgeDeps,
  { id }: Cache,
  reason: 'age' | 'size',
): Promise<boolean> => {
  try {
    await client.call('DELETE', `/volumes/${id}`)
    await client.call('DELETE', `/volumes/${markOf(id)}`)
    log.info('cache purged', { name: id, reason })
    return true
  } catch (err) {
    if (isEngineAway(err)) throw err
    // 409: a container uses it. 404: there was no mark, or somebody else was first.
    if (statusOf(err) === 404) return true
    if (statusOf(err) !== 409) log.warn('cache not purged', { name: id, err })
    return false
  }
}
