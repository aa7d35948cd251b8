import { promiseWebhooks, removeRepo } from '@waggle/control'
import { mostPriority, type Repo, type RepoPatch, type Stores, type User } from '@waggle/domain'
import { checkConfigPath, checkGitAddress } from '@waggle/scm'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody, page, parameter } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import { json } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { badRequest, missing } from '../http/status-of.ts'
import { newRepo } from '../new-repo.ts'
import { newRepoKey, signerPlace } from '../repo-keys.ts'
import { repoShape } from '../shapes/repo-shape.ts'
import { repoEventBody } from '../webhook-bodies.ts'

const visibilities = ['public', 'private', 'internal'] as const
const minutes = { min: 1, max: 60 * 24 * 30 }

/** Repositories (rest-api.md §7.1), and registering one by its git address, which is Waggle's own. */
export const repoRoutes = ({ control, localFolders }: ApiDeps): readonly Route[] => {
  const { database, sealer } = control
  const update = async (id: number, patch: RepoPatch) => {
    const repo = await database.repos.update(id, patch)
    if (repo === null) throw missing()
    return repo
  }
  /** In the transaction that changes it, so that it is told exactly when it happened. */
  const promise = (
    stores: Stores,
    action: 'enabled' | 'disabled' | 'deleted',
    repo: Repo,
    user?: User,
  ) => {
    const facts = user === undefined ? { repo } : { repo, user }
    const body = repoEventBody(control.system, action, facts)
    return promiseWebhooks(control, stores, { event: 'repo', action, repoId: repo.id, body })
  }
  const activate = async (old: Repo, active: boolean, user: User) => {
    const repo = await database.transaction(async (stores) => {
      const changed = await stores.repos.update(old.id, { active })
      if (changed === null) throw missing()
      if (active && !old.active) await promise(stores, 'enabled', changed, user)
      if (!active && old.active) await promise(stores, 'disabled', changed)
      return changed
    })
    control.webhooks?.kick()
    return repo
  }
  return [
    route.sysadmin('GET /api/repos', async (call) => {
      const repos = await database.repos.list(page(call, 10_000))
      return json(repos.map((repo) => repoShape(repo)))
    }),
    route.sysadmin('POST /api/repos', async (call) => {
      const body = jsonBody(call)
      const wish = {
        slug: body.text('slug') ?? '',
        gitHttpUrl: body.text('git_http_url') ?? '',
        ...readGeneral(body),
        trusted: body.flag('trusted'),
        timeoutMinutes: body.integer('timeout', minutes),
      }
      const { repo, signer } = newRepo(sealer, wish)
      if (wish.gitHttpUrl !== '') await checkGitAddress(wish.gitHttpUrl, localFolders)
      const stored = await database.transaction(async (stores) => {
        const created = await stores.repos.create(repo)
        await promise(stores, 'enabled', created, call.user)
        return created
      })
      control.webhooks?.kick()
      call.log.info('repository registered', { 'repo.slug': stored.slug })
      return json({ ...repoShape(stored), signer })
    }),
    route.read('GET /api/repos/:owner/:name', async ({ repo, user }) => {
      const permissions = user?.admin
        ? { read: true, write: true, admin: true }
        : user && (await database.permissions.find(repo.id, user.id))
      return json({ ...repoShape(repo), ...(permissions ? { permissions } : {}) })
    }),
    route.admin('PATCH /api/repos/:owner/:name', async (call) => {
      const body = jsonBody(call)
      const patch: RepoPatch = defined({
        ...readGeneral(body),
        protected: body.flag('protected'),
        ignoreForks: body.flag('ignore_forks'),
        ignorePullRequests: body.flag('ignore_pull_requests'),
        priority: readPriority(body),
        autoCancelPushes: body.flag('auto_cancel_pushes'),
        autoCancelPullRequests: body.flag('auto_cancel_pull_requests'),
        autoCancelRunning: body.flag('auto_cancel_running'),
        ...(call.user.admin ? readReserved(body) : {}),
      })
      const address = call.user.admin ? body.text('git_http_url') : undefined
      if (address !== undefined) await checkGitAddress(address, localFolders)
      const more = address === undefined ? {} : { gitHttpUrl: address }
      return json(repoShape(await update(call.repo.id, { ...patch, ...more })))
    }),
    route.admin('POST /api/repos/:owner/:name', async ({ repo, user }) =>
      json(repoShape(await activate(repo, true, user))),
    ),
    route.admin('DELETE /api/repos/:owner/:name', async (call) => {
      if (parameter(call, 'remove') === 'true')
        return json(
          repoShape(
            await removeRepo(control, call.repo, call.user.login, (stores) =>
              promise(stores, 'deleted', { ...call.repo, active: false }),
            ),
          ),
        )
      return json(repoShape(await activate(call.repo, false, call.user)))
    }),
    // A new webhook key, shown this once; the old one stops at the same moment.
    route.admin('POST /api/repos/:owner/:name/signer', async ({ repo }) => {
      const signer = newRepoKey()
      const stored = await update(repo.id, {
        signerSealed: sealer.seal(signer, signerPlace(repo.uid)),
      })
      return json({ ...repoShape(stored), signer })
    }),
  ]
}

const readGeneral = (body: JsonBody) => {
  const visibility = body.choice('visibility', visibilities)
  const configPath = body.text('config_path', 255)
  if (configPath !== undefined) checkConfigPath(configPath)
  const defaultBranch = body.text('default_branch', 250)
  if (defaultBranch === '') throw badRequest('default_branch: must not be empty')
  return { visibility, configPath, defaultBranch }
}

/** Waggle's own: where its stages stand among those of others. */
export const readPriority = (body: JsonBody): number | undefined =>
  body.integer('priority', { min: -mostPriority, max: mostPriority })

/** Honoured from system admins only, and ignored from others. */
const readReserved = (body: JsonBody) => ({
  trusted: body.flag('trusted'),
  timeoutMinutes: body.integer('timeout', minutes),
  throttle: body.integer('throttle', { min: 0, max: 1_000_000 }),
  counter: body.integer('counter', { min: 0, max: Number.MAX_SAFE_INTEGER }),
})

const defined = (members: Record<string, unknown>): RepoPatch =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
