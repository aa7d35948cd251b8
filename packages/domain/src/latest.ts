import type { Build } from './build.ts'

/** What the newest build is looked up by (scheduling.md §4.6). */
export const latestTypes = ['branch', 'pull_request', 'deployment'] as const
export type LatestType = (typeof latestTypes)[number]

export interface LatestKey {
  readonly type: LatestType
  /** Branch, number of the pull request, or target of the deployment. */
  readonly name: string
}

/** Where a build is indexed, or `null`: tags, crons and custom builds are not. */
export const latestKeyOf = (
  build: Pick<Build, 'event' | 'ref' | 'target' | 'deployTo'>,
): LatestKey | null => {
  switch (build.event) {
    case 'push':
      return { type: 'branch', name: build.target }
    case 'pull_request': {
      const [number] = /\d+/.exec(build.ref) ?? []
      return number === undefined ? null : { type: 'pull_request', name: number }
    }
    case 'promote':
    case 'rollback':
      return { type: 'deployment', name: build.deployTo }
    case 'tag':
    case 'cron':
    case 'custom':
      return null
    default:
      return build.event satisfies never
  }
}

/** Newest build of each branch, pull request and deployment target. Entries go with their builds. */
export interface LatestStore {
  /** Inside the build's transaction, which holds the repository's row. */
  set(repoId: number, key: LatestKey, buildId: number): Promise<void>
  /** The builds, newest first, at most 1,000. */
  list(repoId: number, type: LatestType): Promise<readonly Build[]>
  /** No build is deleted. `false` = there was no such entry. */
  delete(repoId: number, key: LatestKey): Promise<boolean>
}
