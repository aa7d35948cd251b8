import { conflict, notFound, type Repo, type Stores } from '@waggle/domain'
import type { ControlDeps } from './control-deps.ts'
import { purgeBuilds } from './purge/purge-builds.ts'

// In one transaction: on SQLite everybody else waits for it, and logs may be large.
const buildsAtOnce = 10

/** Deletes a repository with its secrets, builds and logs (rest-api.md §7.1). Conflict `repo_busy` while a stage of it
 *  is pending or running: those are cancelled first, knowingly. A removal that was broken off leaves an inactive
 *  repository with fewer builds, and may be repeated. `by`: who asked, for the log. `promise`: what is
 *  told of it, in the transaction that deletes it. Gives it as it was, inactive. */
export const removeRepo = async (
  deps: Pick<ControlDeps, 'database' | 'clock' | 'log' | 'webhooks'>,
  { id, slug }: Pick<Repo, 'id' | 'slug'>,
  by: string,
  promise?: (stores: Stores) => Promise<void>,
): Promise<Repo> => {
  const { database, log, webhooks } = deps
  const closed = await database.transaction((stores) => closeRepo(stores, id))
  if (!closed) throw notFound('repo_not_found', 'There is no such repository.')
  // In small pieces as far as that goes; what a worker still holds goes below.
  await purgeBuilds(deps, closed, { kind: 'number_before', number: Number.MAX_SAFE_INTEGER })
  for (;;) {
    const isOver = await database.transaction(async (stores) => {
      // Again each time: a build that was under way when it was closed may have come in.
      if (!(await closeRepo(stores, id))) return true
      if ((await stores.builds.deleteOldest(id, buildsAtOnce)) > 0) return false
      const isGone = await stores.repos.delete(id)
      if (isGone) await promise?.(stores)
      return isGone
    })
    if (isOver) break
  }
  webhooks?.kick()
  log.info('repository removed', { 'repo.slug': slug, reason: `by ${by}` })
  return closed
}

/** Takes nothing new, and has nothing open. Holds the row's lock, which whoever makes a build needs. */
const closeRepo = async (stores: Stores, id: number): Promise<Repo | null> => {
  const repo = await stores.repos.update(id, { active: false })
  if (repo && (await stores.repos.isBusy(id)))
    throw conflict(
      'repo_busy',
      'Builds of the repository are pending or running: cancel them first.',
    )
  return repo
}
