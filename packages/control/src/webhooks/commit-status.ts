import type { Build, BuildStatus, CommitState, CommitStatus } from '@waggle/domain'
import { slugOf } from '../cron/slug-of.ts'

interface Word {
  readonly description: string
  readonly state: CommitState
}

const words: Readonly<Record<BuildStatus, Word>> = {
  pending: { description: 'Build is pending', state: 'pending' },
  running: { description: 'Build is running', state: 'running' },
  success: { description: 'Build is passing', state: 'success' },
  failure: { description: 'Build is failing', state: 'failure' },
  error: { description: 'Build encountered an error', state: 'error' },
  killed: { description: 'Build was killed', state: 'cancelled' },
  declined: { description: 'Build was declined', state: 'cancelled' },
  skipped: { description: 'Build was skipped', state: 'unknown' },
}

const blocked: Word = { description: 'Build is pending approval', state: 'pending' }

/** Names the check of a build at the host (scheduling.md §14.1). */
export const contextOf = (
  name: string,
  { event, deployTo }: Pick<Build, 'event' | 'deployTo'>,
): string => {
  switch (event) {
    case 'push':
      return `${name}/push`
    case 'pull_request':
      return `${name}/pr`
    case 'tag':
      return `${name}/tag`
    case 'promote':
      return deployTo === '' ? name : `${name}/promote/${slugOf(deployTo)}`
    case 'rollback':
    case 'custom':
    case 'cron':
      return name
    default:
      return event satisfies never
  }
}

/** What a build says of its commit (scheduling.md §14.1). `null`: nothing, for crons build what was built before, and
 *  some builds have no commit. */
export const commitStatusOf = (
  build: Build,
  at: {
    readonly slug: string
    readonly link: string
    readonly name: string
    /** Whether a stage of it waits for an approval. */
    readonly isBlocked: boolean
  },
): CommitStatus | null => {
  if (build.event === 'cron' || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(build.after)) return null
  return {
    commit: build.after,
    context: contextOf(at.name, build),
    title: `Build #${build.number}`,
    ...(at.isBlocked && build.status === 'pending' ? blocked : words[build.status]),
    link: `${at.link}/${at.slug}/${build.number}`,
    isOver: build.finishedAt !== 0,
    deployId: build.deployId,
    environment: build.deployTo || build.target,
  }
}
