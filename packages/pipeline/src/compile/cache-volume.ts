import { createHash } from 'node:crypto'
import { type Given, originOf } from '@waggle/domain'
import type { CacheOptions } from '../decode/waggle.ts'
import type { CompileSettings } from './compile-settings.ts'

export interface CacheVolume {
  /** Name of the cache that the stage writes; empty = it writes none. */
  readonly id: string
  /** Name of the cache whose content a new one begins with; empty = none. */
  readonly filledFrom: string
  readonly labels: Readonly<Record<string, string>>
}

/** Which cache a stage gets (threats.md T-27, table C.1). Repository and trust come from what the server says of the
 *  build, never from the file, so no key can name another's cache:
 *
 *  own           the repository's cache, read and written
 *  pull_request  a cache of this pull request's own, which begins as a copy of the repository's
 *  fork          a copy of the repository's cache, thrown away with the stage */
export const cacheVolume = (
  given: Given,
  settings: CompileSettings,
  options: CacheOptions,
): CacheVolume => {
  const { build, repo } = given
  const owner = cacheOwner(given, settings)
  const idOf = (scope: string): string =>
    `waggle-cache-${owner}-${repo.id}-${scope}-${shortHash(options.key)}`
  const trusted = idOf('own')
  const labels = {
    'io.waggle.cache': owner,
    'io.waggle.cache.repo': repo.slug,
    'io.waggle.cache.key': options.key,
    ...(options.maxAgeMs > 0 ? { 'io.waggle.cache.max-age-ms': String(options.maxAgeMs) } : {}),
    ...(options.sizeLimitBytes > 0
      ? { 'io.waggle.cache.size-bytes': String(options.sizeLimitBytes) }
      : {}),
  }
  switch (originOf(build, repo)) {
    case 'own':
      return { id: trusted, filledFrom: '', labels }
    case 'pull_request':
      return { id: idOf(`pr-${shortHash(build.ref)}`), filledFrom: trusted, labels }
    case 'fork':
      return { id: '', filledFrom: trusted, labels }
  }
}

/** Whose caches they are on a machine: those of another installation are left alone. */
export const cacheOwner = (given: Pick<Given, 'installation'>, settings: CompileSettings): string =>
  settings.cacheOwner || given.installation

const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)
