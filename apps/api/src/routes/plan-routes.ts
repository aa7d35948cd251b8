import { planRequest, planShape, type SubmitRequest } from '@waggle/control'
import { makeHook, type Repo } from '@waggle/domain'
import { checkGitAddress } from '@waggle/scm'
import type { ApiDeps } from '../api-deps.ts'
import { jsonBody } from '../http/call.ts'
import type { JsonBody } from '../http/json-body.ts'
import { json } from '../http/reply.ts'
import { type Route, route, type UserCall } from '../http/route.ts'
import { badRequest } from '../http/status-of.ts'
import { newRepo } from '../new-repo.ts'
import { events, submitLimitBytes, submitRepo } from './submit-routes.ts'

/** What a build would be, without making one: who may start it may ask. Nothing is stored. */
export const planRoutes = (deps: ApiDeps): readonly Route[] => [
  route.user(
    'POST /api/plan',
    async (call) => {
      const body = jsonBody(call)
      const repo = await repoFor(deps, call, body)
      return json(
        planShape(await planRequest(deps.control, planned(call, repo, body), call.signal)),
      )
    },
    { bodyLimitBytes: submitLimitBytes },
  ),
]

/** A repository that an admin's first build would make is planned as it would be made. */
const repoFor = async (deps: ApiDeps, call: UserCall, body: JsonBody): Promise<Repo> => {
  const slug = body.text('repository', 250) ?? ''
  const gitHttpUrl = body.object('source')?.text('url', 2_000) ?? ''
  if (gitHttpUrl !== '') await checkGitAddress(gitHttpUrl, null)
  const known = await submitRepo(deps, call, slug)
  if (known !== null) return known
  const { repo } = newRepo(deps.control.sealer, { slug, gitHttpUrl })
  const unasked = {
    ignoreForks: false,
    ignorePullRequests: false,
    autoCancelPushes: false,
    autoCancelPullRequests: false,
    autoCancelRunning: false,
    priority: 0,
  }
  return { ...unasked, ...repo, id: 0, counter: 0, createdAt: 0, updatedAt: 0, version: 0 }
}

/** As `POST /api/builds` reads it, and with what else a webhook may say. */
const planned = (call: UserCall, repo: Repo, body: JsonBody): SubmitRequest => {
  const pipeline = body.text('pipeline', submitLimitBytes)
  const source = body.object('source')
  if (pipeline === undefined && source === undefined) throw badRequest('pipeline: required')
  const event = body.choice('event', events) ?? 'push'
  const ref = source?.text('ref', 500) ?? body.text('ref', 500) ?? refOf(event, repo, body)
  const named = ref.replace(/^refs\/(heads|tags)\//, '')
  return {
    repo,
    cloneUrl: source ? (source.text('url', 2_000) ?? repo.gitHttpUrl) : repo.gitHttpUrl,
    manifest: pipeline === undefined ? 'fetch' : { text: pipeline },
    resolve: source !== undefined,
    hook: makeHook({
      event,
      trigger: body.text('trigger', 500) ?? triggerOf(event, call),
      sender: call.user.login,
      author: call.user.login,
      ref,
      before: body.text('before', 100) ?? '',
      after: source?.text('commit', 100) ?? '',
      source: body.text('source_branch', 500) ?? named,
      target:
        body.text('branch', 500) ?? (ref.startsWith('refs/pull/') ? repo.defaultBranch : named),
      action: body.text('action', 500) ?? '',
      fork: body.text('fork', 500) ?? (event === 'pull_request' ? repo.slug : ''),
      title: body.text('title', 100_000) ?? '',
      message: body.text('message', 100_000) ?? '',
      deployTo: body.text('target', 500) ?? '',
      cron: body.text('cron', 500) ?? '',
      params: body.record('params') ?? {},
      changedFiles: body.texts('changed_files', { items: 100_000, characters: 4_096 }),
    }),
  }
}

const refOf = (event: (typeof events)[number], repo: Repo, body: JsonBody): string => {
  if (event === 'pull_request') return 'refs/pull/1/head'
  const tag = event === 'tag' ? body.text('tag', 500) : undefined
  return tag === undefined
    ? `refs/heads/${body.text('branch', 500) ?? repo.defaultBranch}`
    : `refs/tags/${tag}`
}

/** Who would have started it: pushes, tags and pull requests come by webhook. */
const triggerOf = (event: (typeof events)[number], call: UserCall): string => {
  if (event === 'cron') return '@cron'
  return event === 'push' || event === 'tag' || event === 'pull_request' ? '@hook' : call.user.login
}
