import { posix } from 'node:path'
import type { SpecVolume } from '@waggle/domain'

type CacheVolume = Exclude<SpecVolume, { kind: 'host' }>

/** Where a cache lies: those that outlive the stage beside the stages' folders, the others in the stage's own. `null`
 *  for an id that is no name of a folder. */
export const cacheFolder = (
  root: string,
  stageRoot: string,
  { kind, id }: Pick<CacheVolume, 'kind' | 'id'>,
): string | null => {
  if (!/^waggle-[A-Za-z0-9._-]{1,200}$/.test(id)) return null
  return kind === 'cache' ? posix.join(root, 'caches', id) : posix.join(stageRoot, 'cache', id)
}

/** The variable that tells the steps where a cache is: `WAGGLE_CACHE_NODE_MODULES`. */
export const cacheVariable = (name: string): string =>
  `WAGGLE_CACHE_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
