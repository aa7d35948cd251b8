import type { Build, Repo } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { cancelBuild } from '../decisions/cancel.ts'

const mostAtOnce = 500

/** Ends the builds that a new one supersedes, where the repository wants it: those of the same event and ref that wait,
 *  and with `autoCancelRunning` those that run (scheduling.md §9.3). What waits for approvals alone is left. A failure
 *  is logged: the new build is there already. */
export const autoCancel = async (deps: ControlDeps, repo: Repo, build: Build): Promise<void> => {
  if (!isWanted(repo, build)) return
  try {
    const { event, ref, number } = build
    const filter = { event, ref, below: number, hasIncomplete: true } as const
    const older = await deps.database.builds.listOpen(repo.id, filter, mostAtOnce)
    const later = laterCommits(build, older)
    const tip = later.at(-1) ?? build
    const superseded = older.filter((other) => !later.includes(other))
    for (const other of later.length > 0 ? [...superseded, build] : superseded)
      if (other.status === 'pending' || repo.autoCancelRunning)
        await cancelBuild(deps, other, {
          status: 'skipped',
          by: '',
          reason: `superseded by build ${tip.number}`,
        })
  } catch (err) {
    deps.log.warn('superseded builds were not cancelled', { 'build.id': build.id, err })
  }
}

const isWanted = (repo: Repo, { event }: Pick<Build, 'event'>): boolean =>
  (event === 'push' && repo.autoCancelPushes) ||
  (event === 'pull_request' && repo.autoCancelPullRequests)

type Pushed = Pick<Build, 'before' | 'after'>

/** Builds among `others` whose commits were pushed on top of this one, though they arrived before it: webhooks may be
 *  reordered, and the newest commit must survive (reliability.md H2). Told by the chain of their commits before and
 *  after, in its order; none where that chain is a circle, as after a push back. */
export const laterCommits = <B extends Pushed>(
  build: Pushed,
  others: readonly B[],
): readonly B[] => {
  const chain: B[] = []
  let head = build.after
  while (head !== '') {
    const next = others.find((other) => other.before === head && !chain.includes(other))
    if (!next) break
    if (next.after === build.before || next.after === build.after) return []
    chain.push(next)
    head = next.after
  }
  return chain
}
