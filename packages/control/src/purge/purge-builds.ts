import type { PurgeRule, Repo } from '@waggle/domain'
import { buildsAtOnce, deleteBuilds, type PurgeDeps } from './delete-builds.ts'

/** Deletes the finished builds of a repository that a rule names, with everything below them, a few at a time; those that
 *  are pending or running, or that a worker still holds, stay (rest-api.md §7.2). Gives how many. */
export const purgeBuilds = async (
  deps: PurgeDeps,
  repo: Pick<Repo, 'id' | 'slug'>,
  rule: PurgeRule,
  signal?: AbortSignal,
): Promise<number> => {
  let count = 0
  while (!signal?.aborted) {
    const ids = await deps.database.purge.listBuilds(repo.id, rule, buildsAtOnce)
    const deleted = ids.length === 0 ? 0 : await deleteBuilds(deps, ids, signal)
    count += deleted
    if (deleted === 0) break
  }
  if (count > 0) deps.log.info('builds purged', { 'repo.slug': repo.slug, count })
  return count
}
