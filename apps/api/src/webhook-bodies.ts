import type { Build, Database, Given, Repo, User, WebhookCall, WebhookEvent } from '@waggle/domain'
import { buildShape } from './shapes/build-shape.ts'
import { loadBuild } from './shapes/load-build.ts'
import { repoShape } from './shapes/repo-shape.ts'
import { userShape } from './shapes/user-shape.ts'

type System = Given['system']

/** What a receiver is told of a repository: kept with the call, for the repository may be gone when it is sent. */
export const repoEventBody = (
  system: System,
  action: WebhookEvent['action'],
  { repo, user }: { readonly repo: Repo; readonly user?: User },
): string =>
  JSON.stringify({
    event: 'repo',
    action,
    ...(user === undefined ? {} : { user: userShape(user) }),
    repo: repoShape(repo),
    system: systemShape(system),
  })

/** What a receiver is told of a user (scheduling.md §14.2). */
export const userEventBody = (system: System, action: WebhookEvent['action'], user: User): string =>
  JSON.stringify({ event: 'user', action, user: userShape(user), system: systemShape(system) })

/** What a receiver is told of a build that is made: as it is then, without its stages (scheduling.md §14.2). */
export const newBuildBody = (system: System, repo: Repo, build: Build): string =>
  JSON.stringify({
    event: 'build',
    action: 'created',
    repo: repoShape(repo),
    build: buildShape(build),
    system: systemShape(system),
  })

/** What a receiver is told of a build later: as it is now, with stages and steps. `null` = the build is gone. */
export const buildEventBody = async (
  database: Pick<Database, 'repos' | 'builds' | 'stages' | 'steps' | 'attempts'>,
  system: System,
  { event, action, repoId, buildId }: Pick<WebhookCall, 'event' | 'action' | 'repoId' | 'buildId'>,
): Promise<string | null> => {
  const [repo, build] = await Promise.all([
    database.repos.find(repoId),
    database.builds.find(buildId),
  ])
  if (repo === null || build === null) return null
  const body = { event, action, repo: repoShape(repo), build: await loadBuild(database, build) }
  return JSON.stringify({ ...body, system: systemShape(system) })
}

const systemShape = ({ proto, host, link, version }: System) => ({ proto, host, link, version })
