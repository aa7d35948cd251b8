import type { Build, OpenBuildFilter, Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { cancelBuild } from './cancel.ts'

const atATime = 100
const mostAtOnce = 10_000

/** Cancels all builds of a repository that fit the filter, oldest first, at most 10,000; gives those that it ended. One
 *  transaction each: whoever reports for one of them waits for no other. */
export const cancelOpen = async (
  deps: ControlDeps,
  repo: Pick<Repo, 'id'>,
  filter: OpenBuildFilter,
  by: string,
): Promise<readonly Build[]> => {
  const ended: Build[] = []
  while (ended.length < mostAtOnce) {
    const builds = await deps.database.builds.listOpen(repo.id, filter, atATime)
    const before = ended.length
    for (const build of builds) {
      const { build: now, isCancelled } = await cancelBuild(deps, build, by)
      if (isCancelled) ended.push(now)
    }
    // Others ended them meanwhile, or there are none.
    if (ended.length === before || builds.length < atATime) break
  }
  return ended
}
