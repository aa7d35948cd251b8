import { answerJson, type OutsideService, startOutsideService } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createWebhookReceivers,
  isWanted,
  type WebhookSettings,
} from './create-webhook-receivers.ts'

const secret = 'webhook secret'
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const serve = async (
  answer: Parameters<typeof startOutsideService>[1],
  key = secret,
): Promise<OutsideService> => {
  const service = await startOutsideService(key, answer)
  closers.push(() => service.close())
  return service
}

const receiversOf = (more: Partial<WebhookSettings>) =>
  createWebhookReceivers({
    urls: [],
    secret,
    events: [],
    skipVerify: false,
    allowPrivate: true,
    timeoutMs: 5_000,
    ...more,
  })

const never = new AbortController().signal

describe('a webhook', () => {
  it('is signed over date and digest, and names its event', async () => {
    const service = await serve(answerJson(undefined, 204))
    const [receiver] = receiversOf({ urls: [`${service.url}/in?token=x`] })
    const body = JSON.stringify({ event: 'build', repo: { slug: 'ä' } })
    expect(await receiver?.send('build', body, never)).toEqual({ status: 204, retryAfterMs: 0 })
    expect(service.calls).toMatchObject([
      {
        path: '/in?token=x',
        signed: 'date digest',
        body: { event: 'build', repo: { slug: 'ä' } },
        headers: { 'x-drone-event': 'build', 'content-type': 'application/json' },
      },
    ])
    expect(receiver?.url).toBe(`${service.url}/in`)
  })

  it('is signed with an empty secret too', async () => {
    const service = await serve(answerJson(undefined, 204), '')
    const [receiver] = receiversOf({ urls: [service.url], secret: '' })
    await receiver?.send('repo', '{}', never)
    expect(service.calls[0]?.signed).toBe('date digest')
  })

  it('takes every status for an answer, and what the receiver asks to wait', async () => {
    const service = await serve((_, answer) => {
      answer.writeHead(503, { 'retry-after': '7' })
      answer.end()
    })
    const [receiver] = receiversOf({ urls: [service.url] })
    const answer = { status: 503, retryAfterMs: 7_000 }
    expect(await receiver?.send('build', '{}', never)).toEqual(answer)
  })

  it('does not read what a receiver says without end, and follows no redirect', async () => {
    const target = await serve(answerJson({}))
    const service = await serve((_, answer) => {
      answer.writeHead(308, {
        location: target.url,
        'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT',
      })
      const more = (): void => {
        while (!answer.destroyed && answer.write(Buffer.alloc(65_536)));
        if (!answer.destroyed) answer.once('drain', more)
      }
      more()
    })
    const [receiver] = receiversOf({ urls: [service.url] })
    const answer = { status: 308, retryAfterMs: 0 }
    expect(await receiver?.send('build', '{}', never)).toEqual(answer)
    expect(target.calls).toEqual([])
  })

  it('is never sent to a metadata service, nor to private networks where those are closed', async () => {
    const [metadata] = receiversOf({ urls: ['http://169.254.169.254/'] })
    await expect(metadata?.send('build', '{}', never)).rejects.toMatchObject({
      code: 'address_refused',
    })
    const service = await serve(answerJson({}))
    const [own] = receiversOf({ urls: [service.url], allowPrivate: false })
    await expect(own?.send('build', '{}', never)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(service.calls).toEqual([])
  })
})

describe('receivers', () => {
  it('are one an address, and known by a key that tells nothing', () => {
    const urls = [
      'https://user:password@x.example/a?b=c',
      'https://x.example/a',
      'https://x.example/a',
    ]
    const receivers = receiversOf({ urls })
    expect(receivers.map(({ url }) => url)).toEqual(['https://x.example/a', 'https://x.example/a'])
    expect(new Set(receivers.map(({ key }) => key)).size).toBe(2)
    expect(JSON.stringify(receivers)).not.toContain('password')
    expect(() => receiversOf({ urls: ['x.example'] })).toThrow('webhook endpoint')
  })

  it.each([
    [[], 'build', 'updated', true],
    [['build:*'], 'build', 'updated', true],
    [['build'], 'build', 'updated', true],
    [['*:created'], 'user', 'created', true],
    [['*:created'], 'user', 'deleted', false],
    [['user:*', 'repo:enabled'], 'repo', 'enabled', true],
    [['repo:enabled'], 'repo', 'disabled', false],
    [['*'], 'repo', 'disabled', true],
    [['buil'], 'build', 'created', false],
    [['['], 'build', 'created', false],
  ] as const)('with the filter %j hear of %s:%s: %s', (patterns, event, action, expected) => {
    expect(isWanted(patterns, { event, action })).toBe(expected)
  })
})
