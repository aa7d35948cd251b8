import { createHash } from 'node:crypto'
import type { CommitState, CommitStatus } from '@waggle/domain'
import type { HostKind, HostPlace } from './host-place.ts'

/** A call that tells a host of a commit. Always a POST of JSON. */
export interface StatusRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Words = Readonly<Record<CommitState, string>>

const githubWords: Words = {
  pending: 'pending',
  running: 'pending',
  success: 'success',
  failure: 'failure',
  error: 'error',
  cancelled: 'error',
  unknown: 'error',
}

const gitlabWords: Words = {
  pending: 'pending',
  running: 'running',
  success: 'success',
  failure: 'failed',
  error: 'failed',
  cancelled: 'canceled',
  unknown: 'failed',
}

const bitbucketWords: Words = {
  pending: 'INPROGRESS',
  running: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
  cancelled: 'FAILED',
  unknown: 'FAILED',
}

/** The call by which a host is told (webhooks.md §11, §13); `null` = it is told nothing. */
export const statusRequest = (
  place: HostPlace,
  token: string,
  slug: string,
  status: CommitStatus,
): StatusRequest | null => {
  const call = callOf(place, slug, status)
  return (
    call && {
      url: new URL(call.path, place.api),
      headers: { ...headersOf(place.kind, token), 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
    }
  )
}

interface Call {
  readonly path: string
  readonly body: Readonly<Record<string, string>>
}

const callOf = ({ kind }: HostPlace, slug: string, status: CommitStatus): Call | null => {
  const repo = slug.split('/').map(encodeURIComponent).join('/')
  const { commit } = status
  switch (kind) {
    case 'github':
      return status.deployId === 0
        ? { path: `repos/${repo}/statuses/${commit}`, body: githubBody(status, 140) }
        : deployment(repo, status)
    case 'gitea':
    case 'forgejo':
      return { path: `repos/${repo}/statuses/${commit}`, body: githubBody(status, 255) }
    case 'gitlab':
      return {
        path: `projects/${encodeURIComponent(slug)}/statuses/${commit}`,
        body: {
          state: gitlabWords[status.state],
          name: cut(status.context, 255),
          target_url: cut(status.link, 255),
          description: cut(status.description, 255),
        },
      }
    case 'bitbucket':
      return {
        path: `repositories/${repo}/commit/${commit}/statuses/build`,
        body: bitbucketBody(status, keyOf40(status.context), 2_000),
      }
    case 'stash':
      return {
        path: `build-status/1.0/commits/${commit}`,
        body: bitbucketBody(status, cut(status.context, 255), 450),
      }
    case 'gogs':
      return null
    default:
      return kind satisfies never
  }
}

const githubBody = (status: CommitStatus, most: number) => ({
  state: githubWords[status.state],
  context: cut(status.context, 255),
  description: cut(status.description, most),
  target_url: status.link,
})

/** A deployment has no states on the way: it is told once, when it is over. */
const deployment = (repo: string, status: CommitStatus): Call | null =>
  status.isOver
    ? {
        path: `repos/${repo}/deployments/${status.deployId}/statuses`,
        body: {
          state: githubWords[status.state],
          description: cut(status.description, 140),
          log_url: status.link,
          environment: status.environment,
        },
      }
    : null

const bitbucketBody = (status: CommitStatus, key: string, longestUrl: number) => ({
  key,
  state: bitbucketWords[status.state],
  name: cut(status.title, 255),
  description: cut(status.description, 255),
  url: cut(status.link, longestUrl),
})

/** Bitbucket refuses longer keys. */
const keyOf40 = (context: string): string =>
  Array.from(context).length <= 40 ? context : createHash('sha1').update(context).digest('hex')

/** By code points, so that none is cut in two. */
const cut = (text: string, most: number): string =>
  text.length <= most ? text : Array.from(text).slice(0, most).join('')

const headersOf = (kind: HostKind, token: string): Readonly<Record<string, string>> => {
  const agent = { 'user-agent': 'waggle' }
  switch (kind) {
    case 'github':
      return {
        ...agent,
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
      }
    case 'gitea':
    case 'forgejo':
    case 'gogs':
      return { ...agent, authorization: `token ${token}`, accept: 'application/json' }
    case 'stash':
      return {
        ...agent,
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'x-atlassian-token': 'no-check',
      }
    case 'gitlab':
    case 'bitbucket':
      return { ...agent, authorization: `Bearer ${token}`, accept: 'application/json' }
    default:
      return kind satisfies never
  }
}
