import type { Database, Given, Repo, User, WebhookCall, WebhookEvent } from '@waggle/domain'
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

/** What a receiver is told of a build, as it is now (scheduling.md §14.2): when it is created without its stages, later
 *  with stages and steps. `null` = the build is gone. */
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
  const shown = action === 'created' ? buildShape(build) : await loadBuild(database, build)
  const body = { event, action, repo: repoShape(repo), build: shown }
  return JSON.stringify({ ...body, system: systemShape(system) })
}

const systemShape = ({ proto, host, link, version }: System) => ({ proto, host, link, version })
