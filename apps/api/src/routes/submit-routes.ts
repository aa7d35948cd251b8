import { type SubmitRequest, submitBuild } from '@waggle/control'
import { conflict, isWaggleError, makeHook, type Repo } from '@waggle/domain'
import { checkGitAddress } from '@waggle/scm'
import type { ApiDeps } from '../api-deps.ts'
import { freeParameters, jsonBody, parameter } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import type { Reply } from '../http/reply.ts'
import { askRepoAccess } from '../http/repo-access.ts'
import { type Route, route, type UserCall } from '../http/route.ts'
import { badRequest, forbidden, missing } from '../http/status-of.ts'
import { newRepo, readSlug } from '../new-repo.ts'
import { bodyFacts } from '../refusal-notes.ts'
import { idempotencyKey, startAnswer } from '../start-answer.ts'
import { readPriority } from './repo-routes.ts'

export const events = [
  'push',
  'pull_request',
  'tag',
  'promote',
  'rollback',
  'cron',
  'custom',
] as const

// A text of twice the size that a pipeline may have still arrives, and gets the pipeline's own words as its error.
export const submitLimitBytes = 4 * 1024 * 1024

/** Starting builds: of a text with a source, which is Waggle's own, and of a branch (rest-api.md §7.3). */
export const submitRoutes = (deps: ApiDeps): readonly Route[] => [
  route.user(
    'POST /api/builds',
    async (call) => {
      const body = jsonBody(call)
      const repo = await repoFor(deps, call, body)
      return submit(deps, call, {
        ...textRequest(call, repo, body),
        ...(await chosenPriority(deps, call, repo, body)),
      })
    },
    { bodyLimitBytes: submitLimitBytes },
  ),
  route.write('POST /api/repos/:owner/:name/builds', async (call) => {
    const { repo, user } = call
    if (repo.gitHttpUrl === '') throw badRequest('The repository has no git address')
    const branch = parameter(call, 'branch') || repo.defaultBranch
    const short = branch.replace(/^refs\/heads\//, '')
    return submit(deps, call, {
      repo,
      cloneUrl: repo.gitHttpUrl,
      manifest: 'fetch',
      resolve: true,
      mustExist: true,
      hook: makeHook({
        event: 'custom',
        trigger: user.login,
        sender: user.login,
        ref: branch.startsWith('refs/') ? branch : `refs/heads/${branch}`,
        source: short,
        target: short,
        after: parameter(call, 'commit'),
        message: parameter(call, 'message'),
        action: parameter(call, 'action'),
        params: freeParameters(call, ['branch', 'commit']),
      }),
    })
  }),
]

const submit = async (deps: ApiDeps, call: UserCall, request: SubmitRequest): Promise<Reply> => {
  // Not bound to the connection: a caller that hangs up must not leave half a build.
  const result = await submitBuild(deps.control, {
    ...request,
    body: bodyFacts(call.body),
    ...idempotencyKey(call),
  })
  return startAnswer(deps, result)
}

const textRequest = (call: UserCall, repo: Repo, body: JsonBody): SubmitRequest => {
  const pipeline = body.text('pipeline', submitLimitBytes)
  const source = body.object('source')
  if (pipeline === undefined && source === undefined) throw badRequest('pipeline: required')
  const cloneUrl = source ? (source.text('url', 2_000) ?? repo.gitHttpUrl) : ''
  const ref = source?.text('ref', 500) ?? ''
  const branch = source ? ref.replace(/^refs\/(heads|tags)\//, '') : repo.defaultBranch
  const login = call.user.login
  return {
    repo,
    cloneUrl,
    manifest: pipeline === undefined ? 'fetch' : { text: pipeline },
    resolve: source !== undefined,
    hook: makeHook({
      event: body.choice('event', events) ?? 'custom',
      trigger: login,
      sender: login,
      author: login,
      ref: source ? ref : `refs/heads/${repo.defaultBranch}`,
      after: source?.text('commit', 100) ?? '',
      before: source?.text('before', 100) ?? '',
      source: branch,
      target: branch,
      message: body.text('message', 100_000) ?? '',
      params: body.record('params') ?? {},
    }),
  }
}

/** Whoever starts a build may let it wait longer; before the other builds of the repository only its admins may put it. */
const chosenPriority = async (
  { control }: ApiDeps,
  { user }: UserCall,
  repo: Repo,
  body: JsonBody,
): Promise<{ priority?: number }> => {
  const priority = readPriority(body)
  if (priority === undefined) return {}
  if (priority <= repo.priority) return { priority }
  const access = await askRepoAccess(control.database.permissions, { user, repo, need: 'admin' })
  if (access !== 'allow') throw forbidden()
  return { priority }
}

/** The repository that the body names. A system admin's first build makes it. */
const repoFor = async (deps: ApiDeps, call: UserCall, body: JsonBody): Promise<Repo> => {
  const { database, sealer } = deps.control
  const slug = body.text('repository', 250) ?? ''
  const address = body.object('source')?.text('url', 2_000) ?? ''
  // What no git server can be at is refused here; what cannot be reached becomes a build in error.
  if (address !== '') await checkGitAddress(address, null)
  const known = await submitRepo(deps, call, slug)
  if (known !== null) return known
  const { repo } = newRepo(sealer, { slug, gitHttpUrl: address })
  return database.repos.create(repo).catch(async (error: unknown) => {
    // Two first builds at once.
    const other = isWaggleError(error, 'conflict') ? await database.repos.findBySlug(slug) : null
    if (other) return other
    throw error
  })
}

/** The repository, if the caller may start builds of it. `null`: there is none yet, and an admin's build makes it. */
export const submitRepo = async (
  { control }: ApiDeps,
  call: UserCall,
  slug: string,
): Promise<Repo | null> => {
  readSlug(slug)
  const known = await control.database.repos.findBySlug(slug)
  if (known === null && call.user.admin) return null
  const question = { user: call.user, repo: known, need: 'write' } as const
  const access = await askRepoAccess(control.database.permissions, question)
  if (known === null || access === 404) throw missing()
  if (access !== 'allow') throw forbidden()
  if (!known.active) throw conflict('repo_inactive', 'The repository is not active')
  return known
}
