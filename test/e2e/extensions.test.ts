import {
  answerJson,
  type OutsideCall,
  type OutsideService,
  startOutsideService,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuildJson } from '../harness/client.ts'
import { makeRepository } from '../harness/make-repository.ts'
import { startWaggle } from '../harness/run-waggle.ts'
import { type System, startSystem } from '../harness/start-system.ts'

const secret = 'one secret of 32 bytes for all..'

const converted = (name: string): string =>
  [
    'kind: pipeline',
    'type: exec',
    `name: ${name}`,
    'platform: { os: linux, arch: amd64 }',
    'clone: { disable: true }',
    'steps:',
    '- name: use',
    '  environment: { PASSWORD: { from_secret: password } }',
    '  commands:',
    '  - test "$PASSWORD" = far-away-value',
    '  - test "$REGION" = north',
    '  - echo "it is $PASSWORD and $TOKEN"',
    '---',
    'kind: secret',
    'name: password',
    'get: { path: ci/db, name: password }',
    '',
  ].join('\n')

describe('services of the operator', () => {
  let system: System
  const services: OutsideService[] = []
  const kept: Record<string, OutsideService> = {}
  let isRefusing = false
  const serve = async (name: string, answer: Parameters<typeof startOutsideService>[1]) => {
    const service = await startOutsideService(secret, answer)
    services.push(service)
    kept[name] = service
    return service.url
  }

  beforeAll(async () => {
    const config = await serve('config', answerJson({ data: 'pipeline "deploy"' }))
    const convert = await serve('convert', (call, answer) => {
      const { data } = call.body['config'] as { data: string }
      const name = data.split('"')[1] ?? ''
      answerJson({ data: converted(name) })(call, answer)
    })
    const secrets = await serve('secret', answerJson({ data: 'far-away-value' }))
    const environment = await serve(
      'environment',
      answerJson([
        { name: 'REGION', data: 'north' },
        { name: 'TOKEN', data: 'hush-hush', mask: true },
      ]),
    )
    let isAway = true
    const receiver = await serve('webhook', (call, answer) => {
      answerJson(undefined, isAway ? 503 : isRefusing ? 410 : 204)(call, answer)
      isAway = false
    })
    system = await startSystem({
      database: 'sqlite',
      worker: { WAGGLE_WORKER_TYPE: 'exec' },
      timeScale: 0.2,
      api: {
        DRONE_YAML_ENDPOINT: config,
        DRONE_YAML_SECRET: secret,
        WAGGLE_CONVERT_EXTENSION_ENDPOINT: convert,
        WAGGLE_CONVERT_EXTENSION_SECRET: secret,
        DRONE_SECRET_PLUGIN_ENDPOINT: secrets,
        DRONE_SECRET_PLUGIN_TOKEN: secret,
        WAGGLE_ENVIRONMENT_EXTENSION_ENDPOINT: environment,
        WAGGLE_ENVIRONMENT_EXTENSION_SECRET: secret,
        WAGGLE_WEBHOOK_ENDPOINT: receiver,
        WAGGLE_WEBHOOK_SECRET: secret,
      },
    })
  })
  afterAll(async () => {
    await system?.stop()
    for (const service of services) await service.close()
  })

  const calls = (name: string): readonly OutsideCall[] => kept[name]?.calls ?? []

  it('give, convert and supply a build, and hear how it ended', async () => {
    const { client } = system
    const { url } = makeRepository(system.folder, 'app', { 'readme.md': 'no pipeline here' })
    const slug = 'acme/app'
    const registered = await client.call('POST', '/api/repos', { slug, git_http_url: url })
    expect(registered.status).toBe(200)
    const started = await client.call('POST', `/api/repos/${slug}/builds?branch=main`)
    expect(started.status).toBe(200)
    const { number } = started.json<BuildJson>()
    const build = await client.ended(number, 60_000, slug)
    expect(build).toMatchObject({ status: 'success', stages: [{ name: 'deploy' }] })
    const log = (await client.log(number, 1, 1, slug)).map((line) => line.out).join('')
    expect(log).toContain('it is ****** and ******')
    for (const name of ['config', 'convert', 'secret', 'environment'])
      expect(calls(name).map(({ signed }) => signed, name)).toEqual([
        'accept accept-encoding content-type date digest',
      ])

    const ended = await waitUntil('the webhook of the end', () =>
      calls('webhook').find(
        ({ body }) => (body['build'] as BuildJson | undefined)?.status === 'success',
      ),
    )
    expect(ended).toMatchObject({
      signed: 'date digest',
      body: {
        event: 'build',
        action: 'updated',
        repo: { slug },
        build: { number, stages: [{ steps: [{ name: 'use' }] }] },
        system: { proto: 'http' },
      },
    })
    const told = calls('webhook').map(
      ({ body }) => `${String(body['event'])}:${String(body['action'])}`,
    )
    // The first try was refused for the moment, so the same came first again.
    expect(told.slice(0, 3)).toEqual(['repo:enabled', 'repo:enabled', 'build:created'])
    for (const name of Object.keys(kept))
      expect(JSON.stringify(calls(name).map(({ body }) => body))).not.toContain('hush-hush')
  })

  it('hear of a build whose process died right after it was committed', async () => {
    const [api] = system.apis
    await api?.kill()
    await api?.start({ WAGGLE_FAILPOINTS: 'hook.committed=kill' })
    await expect(system.client.submit('pipeline "after"')).rejects.toThrow()
    await api?.exited()
    await api?.start({ WAGGLE_FAILPOINTS: '' })
    const told = await waitUntil('the webhook of the new build', () =>
      calls('webhook').find(
        ({ body }) =>
          body['action'] === 'created' &&
          (body['repo'] as { slug?: string } | undefined)?.slug === 'test/app',
      ),
    )
    expect(told).toMatchObject({
      signed: 'date digest',
      body: { repo: { slug: 'test/app' }, build: { status: 'pending' } },
    })
    const { number } = told.body['build'] as BuildJson
    expect((await system.client.ended(number)).status).toBe('success')
  })

  it('are shown to admins, without what is secret in their addresses', async () => {
    const shown = await waitUntil('the receiver', async () => {
      const answer = await system.client.call('GET', '/api/webhooks')
      const [receiver] = answer.json<{ url: string; waiting: number; sent: number }[]>()
      return receiver?.waiting === 0 ? receiver : null
    })
    expect(shown).toMatchObject({ url: `${kept['webhook']?.url}/`, failed: 0 })
    expect(shown.sent).toBeGreaterThan(2)
    const answer = await system.client.call('GET', '/api/webhooks/calls?state=sent&per_page=100')
    expect(answer.json<object[]>()).toHaveLength(shown.sent)
    const refused = await system.client.call('GET', '/api/webhooks/calls?state=lost')
    expect(refused.status).toBe(400)
  })

  it('are looked into, and told again, from the command line', async () => {
    const waggle = (...args: readonly string[]) => {
      const settings = { WAGGLE_SERVER_URL: system.client.server, WAGGLE_TOKEN: system.token }
      return startWaggle(['webhook', ...args], { settings }).done
    }
    isRefusing = true
    await system.client.call('DELETE', '/api/repos/acme/app')
    const failed = await waitUntil('the refused call', async () => {
      const { out } = await waggle('calls', '--state', 'failed', '--json')
      return (JSON.parse(out) as { id: number }[])[0]
    })
    const url = `${kept['webhook']?.url}/`
    const shown = await waggle('calls', '--state', 'failed')
    expect(shown.out).toMatch(
      /^# {2,}TIME {2,}EVENT {2,}STATE {2,}TRIES {2,}STATUS {2,}URL {2,}ERROR$/m,
    )
    expect(shown.out).toMatch(/repo:disabled {2,}failed {2,}1 {2,}410 {2,}http:/)
    expect((await waggle('ls')).out).toMatch(/ 0 {2,}- {2,}1 {2,}\d+ {2,}http:/)
    isRefusing = false
    const before = calls('webhook').length
    const again = await waggle('retry', String(failed.id))
    expect(again).toMatchObject({ code: 0 })
    expect(again.out).toContain(`call ${failed.id}, repo:disabled to ${url}, waits again as `)
    const told = await waitUntil('the repeat', () => calls('webhook')[before])
    expect(told.body).toMatchObject({ event: 'repo', action: 'disabled' })
    expect((await waggle('retry', '999999')).code).toBe(4)
    expect((await waggle('ls', '--token', 'nobody')).code).toBe(3)
  })
})
