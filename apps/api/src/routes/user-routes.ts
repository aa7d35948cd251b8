import type { Repo, User } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { header, jsonBody, parameter } from '../http/call.ts'
import { credentialOf } from '../http/guard.ts'
import { empty, json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { missing } from '../http/status-of.ts'
import { buildShape } from '../shapes/build-shape.ts'
import { repoShape } from '../shapes/repo-shape.ts'
import { userShape } from '../shapes/user-shape.ts'

const allRepos = { offset: 0, limit: 10_000 }
const recentBuilds = 25

/** The caller (rest-api.md §7.8). */
export const userRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  // Nobody gives system admins rights in each repository: they see all.
  const listRepos = (user: User): Promise<readonly Repo[]> =>
    user.admin ? database.repos.list(allRepos) : database.repos.listByUser(user.id, allRepos)
  const reposOf = async (user: User) =>
    (await listRepos(user)).toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
  const recent = async ({ user }: { readonly user: User }) => {
    const builds = await database.builds.listRecent(user.admin ? null : user.id, recentBuilds)
    const ids = [...new Set(builds.map(({ repoId }) => repoId))]
    const repos = await Promise.all(ids.map((id) => database.repos.find(id)))
    return json(
      builds.flatMap((build) => {
        const repo = repos.find((one) => one?.id === build.repoId)
        return repo ? [repoShape(repo, { build: buildShape(build) })] : []
      }),
    )
  }
  return [
    route.user('GET /api/user', async ({ user }) => json(userShape(user))),
    route.user('PATCH /api/user', async (call) => {
      const email = jsonBody(call).text('email', 250) ?? ''
      const user = await database.users.update(call.user.id, { email })
      if (user === null) throw missing()
      return json(userShape(user))
    }),
    // The one that the caller holds is known to nobody else: only its hash is stored.
    route.user('POST /api/user/token', async (call) => {
      if (parameter(call, 'rotate') !== 'true')
        return json({ ...userShape(call.user), token: credentialOf(header(call, 'authorization')) })
      const token = control.newToken()
      await database.users.setTokenHash(call.user.id, control.hashToken(token))
      return json({ ...userShape(call.user), token })
    }),
    route.user('GET /api/user/repos', async (call) => {
      const repos = await reposOf(call.user)
      const ids = parameter(call, 'latest') === 'true' ? repos.map(({ id }) => id) : []
      const newest = new Map(
        (await database.builds.listNewest(ids)).map((build) => [build.repoId, build]),
      )
      return json(
        repos.map((repo) => {
          const build = newest.get(repo.id)
          return repoShape(repo, build ? { build: buildShape(build) } : {})
        }),
      )
    }),
    // There is no code host to ask, so all is known already.
    route.user('POST /api/user/repos', async (call) =>
      parameter(call, 'async') === 'true'
        ? empty()
        : json((await reposOf(call.user)).map((repo) => repoShape(repo))),
    ),
    route.user('GET /api/user/builds', recent),
    route.user('GET /api/user/builds/recent', recent),
  ]
}
