import type { Fields } from './fields.ts'
import type { CacheOptions } from './waggle.ts'
import { WaggleFields } from './waggle-fields.ts'

const dayMs = 86_400_000
const megabyte = 1_048_576

/** `waggle: cache:` of a volume; `null` where the volume is no cache. Without a key it is that of its name. */
export const decodeCache = (fields: Fields): CacheOptions | null => {
  const cache = WaggleFields.of(fields, ['cache'])?.inner('cache', ['key', 'max_age', 'size'])
  if (!cache) return null
  if (fields.node('host') !== null)
    cache.issue('cache', 'a volume is a cache or a folder of the host, not both')
  const key = cache.text('key') || fields.str('name')
  if (key.length > 200) cache.issue('key', 'must have at most 200 characters')
  return {
    key: key.slice(0, 200),
    maxAgeMs: cache.duration('max_age', { min: 60_000, max: 366 * dayMs, fallback: 0 }),
    sizeLimitBytes: cache.size('size', { min: megabyte, max: 2 ** 50, fallback: 0 }),
  }
}
