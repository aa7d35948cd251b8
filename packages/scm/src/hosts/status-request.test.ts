import { createHash } from 'node:crypto'
import type { CommitState, CommitStatus } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { type HostKind, hostKinds, hostPlace } from './host-place.ts'
import { statusRequest } from './status-request.ts'

const commit = 'a'.repeat(40)
const status: CommitStatus = {
  commit,
  context: 'continuous-integration/waggle/push',
  title: 'Build #7',
  description: 'Build is passing',
  state: 'success',
  link: 'https://ci.test/octo/hello/7',
  isOver: true,
  deployId: 0,
  environment: 'main',
}

const ask = (kind: HostKind, more: Partial<CommitStatus> = {}, slug = 'octo/hello') => {
  const request = statusRequest(hostPlace(kind, 'https://host.test'), 'tok', slug, {
    ...status,
    ...more,
  })
  return (
    request && {
      url: request.url.href,
      headers: request.headers,
      body: JSON.parse(request.body) as Record<string, string>,
    }
  )
}

const github = {
  state: 'success',
  context: 'continuous-integration/waggle/push',
  description: 'Build is passing',
  target_url: 'https://ci.test/octo/hello/7',
}
const bitbucket = {
  key: 'continuous-integration/waggle/push',
  state: 'SUCCESSFUL',
  name: 'Build #7',
  description: 'Build is passing',
  url: 'https://ci.test/octo/hello/7',
}

describe('the call that tells a host of a commit (webhooks.md §11, §13)', () => {
  it.each([
    ['github', `https://host.test/api/v3/repos/octo/hello/statuses/${commit}`, github],
    ['gitea', `https://host.test/api/v1/repos/octo/hello/statuses/${commit}`, github],
    ['forgejo', `https://host.test/api/v1/repos/octo/hello/statuses/${commit}`, github],
    [
      'gitlab',
      `https://host.test/api/v4/projects/octo%2Fhello/statuses/${commit}`,
      {
        state: 'success',
        name: 'continuous-integration/waggle/push',
        target_url: 'https://ci.test/octo/hello/7',
        description: 'Build is passing',
      },
    ],
    [
      'bitbucket',
      `https://api.bitbucket.org/2.0/repositories/octo/hello/commit/${commit}/statuses/build`,
      bitbucket,
    ],
    ['stash', `https://host.test/rest/build-status/1.0/commits/${commit}`, bitbucket],
  ] as const)('%s', (kind, url, body) => {
    expect(ask(kind)).toMatchObject({ url, body })
  })

  it('is none at Gogs, which keeps no statuses', () => {
    expect(ask('gogs')).toBeNull()
  })

  it.each([
    ['github', 'Bearer tok', { accept: 'application/vnd.github+json' }],
    ['gitlab', 'Bearer tok', {}],
    ['gitea', 'token tok', {}],
    ['forgejo', 'token tok', {}],
    ['bitbucket', 'Bearer tok', {}],
    ['stash', 'Bearer tok', { accept: 'application/json', 'x-atlassian-token': 'no-check' }],
  ] as const)('of %s names its account', (kind, authorization, more) => {
    expect(ask(kind)?.headers).toMatchObject({
      ...{ authorization, 'user-agent': 'waggle', 'content-type': 'application/json' },
      ...more,
    })
  })

  const states: Record<CommitState, readonly [string, string, string]> = {
    pending: ['pending', 'pending', 'INPROGRESS'],
    running: ['pending', 'running', 'INPROGRESS'],
    success: ['success', 'success', 'SUCCESSFUL'],
    failure: ['failure', 'failed', 'FAILED'],
    error: ['error', 'failed', 'FAILED'],
    cancelled: ['error', 'canceled', 'FAILED'],
    unknown: ['error', 'failed', 'FAILED'],
  }
  it.each(Object.entries(states))(
    'says %s in the words of each host',
    (state, [hub, lab, bucket]) => {
      const said = Object.fromEntries(
        hostKinds.map((kind) => [kind, ask(kind, { state: state as CommitState })?.body['state']]),
      )
      expect(said).toEqual({
        ...{ github: hub, gitea: hub, forgejo: hub, gitlab: lab, gogs: undefined },
        ...{ bitbucket: bucket, stash: bucket },
      })
    },
  )

  it('cuts what the hosts refuse, by code points', () => {
    const long = { description: '😀'.repeat(300), context: 'é'.repeat(300), title: 't'.repeat(300) }
    const points = (text: string | undefined) => Array.from(text ?? '').length
    expect(points(ask('github', long)?.body['description'])).toBe(140)
    expect(ask('github', long)?.body['description']).toBe('😀'.repeat(140))
    expect(points(ask('gitea', long)?.body['description'])).toBe(255)
    const link = `https://ci.test/${'x'.repeat(600)}`
    expect(points(ask('gitlab', { ...long, link })?.body['target_url'])).toBe(255)
    expect(points(ask('gitlab', long)?.body['name'])).toBe(255)
    expect(points(ask('stash', { ...long, link })?.body['url'])).toBe(450)
    expect(points(ask('stash', long)?.body['key'])).toBe(255)
    expect(points(ask('bitbucket', long)?.body['name'])).toBe(255)
  })

  it('gives Bitbucket a key of at most 40 characters', () => {
    const context = `${'c'.repeat(40)}`
    expect(ask('bitbucket', { context })?.body['key']).toBe(context)
    const longer = `${context}d`
    expect(ask('bitbucket', { context: longer })?.body['key']).toBe(
      createHash('sha1').update(longer).digest('hex'),
    )
  })

  it('tells GitHub of a deployment once, when it is over', () => {
    const deploy = { deployId: 42, environment: 'production' }
    expect(ask('github', { ...deploy, isOver: false })).toBeNull()
    expect(ask('github', deploy)).toMatchObject({
      url: 'https://host.test/api/v3/repos/octo/hello/deployments/42/statuses',
      body: {
        state: 'success',
        description: 'Build is passing',
        log_url: 'https://ci.test/octo/hello/7',
        environment: 'production',
      },
    })
    expect(ask('gitea', deploy)?.url).toContain('/statuses/')
  })

  it('escapes each name of the path', () => {
    expect(ask('gitlab', {}, 'a b/c/d?')?.url).toContain('/projects/a%20b%2Fc%2Fd%3F/statuses/')
    expect(ask('gitea', {}, 'a?/#b')?.url).toContain('/repos/a%3F/%23b/statuses/')
  })
})
