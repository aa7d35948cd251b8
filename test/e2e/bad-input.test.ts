import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuildJson } from '../harness/client.ts'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe.each([
  { database: 'sqlite', apis: 1 },
  { database: 'postgres', apis: 2 },
] as const)('bad input on $database with $apis API processes', (parts) => {
  let system: System
  const image = 'registry.invalid/no/such:1'
  let unknownImage: Promise<BuildJson>
  beforeAll(async () => {
    system = await startSystem({ ...parts, workers: 2 })
    // It is pulled several times, some seconds apart: while the others run.
    unknownImage = buildOf(pipelineText([{ name: 'x', image, commands: ['true'] }]))
  })
  afterAll(() => system?.stop())

  const submit = (body: unknown, headers?: Record<string, string>) =>
    system.client.call('POST', '/api/builds', body, headers)

  const buildOf = async (pipeline: string, more: Record<string, unknown> = {}) => {
    const answer = await submit({ repository: 'test/app', pipeline, ...more })
    expect(answer.status).toBe(200)
    return answer.json<BuildJson>()
  }

  it('answers broken YAML with a build in error that names the place', async () => {
    const build = await buildOf('kind: pipeline\nsteps:\n  - name: [a\n')
    expect(build.status).toBe('error')
    expect(build.error).toMatch(/line \d/)
  })

  it('answers a document without kind', async () => {
    const build = await buildOf('name: x\n')
    expect(build).toMatchObject({ status: 'error' })
    expect(build.error).toContain('missing kind attribute')
  })

  it('answers an unreachable git URL with a build in error', async () => {
    const build = await buildOf(oneStep(['true'], { clone: true }), {
      source: { url: 'http://127.0.0.1:1/nobody.git', ref: 'main' },
    })
    const ended = build.status === 'error' ? build : await system.client.ended(build.number)
    expect(ended.status).toBe('error')
    expect(ended.error).toMatch(/127\.0\.0\.1:1|reach|connect/i)
  })

  it('answers an unknown ref with a build in error', async () => {
    const build = await buildOf(oneStep(['true'], { clone: true }), {
      source: { url: `file://${system.folder}`, ref: 'nowhere' },
    })
    expect(build.status).toBe('error')
  })

  it('answers a pipeline of 2 MiB by naming the limit', async () => {
    const answer = await submit({
      repository: 'test/app',
      pipeline: `# ${'x'.repeat(2 * 1024 * 1024)}\n${oneStep(['true'])}`,
    })
    expect(answer.status).toBe(200)
    expect(answer.json<BuildJson>().status).toBe('error')
    expect(answer.text).toMatch(/1 MiB|1048576|limit|large/i)
  })

  it('answers 10,000 steps by naming the limit', async () => {
    const build = await buildOf(
      pipelineText(
        Array.from({ length: 10_000 }, (_, i) => ({ name: `s${i}`, commands: ['true'] })),
      ),
    )
    expect(build.status).toBe('error')
    expect(build.error).toMatch(/2,?000|limit|nodes/)
  })

  it.each([
    ['a body that is not JSON', '{"repository": ', 400],
    ['an empty body', '', 400],
    ['a body of another shape', '[1, 2]', 400],
    ['a repository name with three parts', '{"repository":"a/b/c","pipeline":"x"}', 400],
    ['a number for a text', '{"repository":"test/app","pipeline":7}', 400],
  ])('refuses %s', async (_, body, status) => {
    const answer = await submit(body)
    expect(answer.status).toBe(status)
    expect(answer.json<{ message: string }>().message).not.toBe('')
  })

  it('refuses a wrong token with 401 and no token where one is needed', async () => {
    const wrong = await submit(
      { repository: 'test/app', pipeline: oneStep(['true']) },
      { authorization: 'Bearer nobody' },
    )
    expect(wrong.status).toBe(401)
    const none = await fetch(`${system.client.server}/api/user`)
    expect(none.status).toBe(401)
    expect(await none.json()).toEqual({ message: 'Unauthorized' })
  })

  it.each([
    ['a wrong signature', { 'x-waggle-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['a signature that is none', { 'x-waggle-signature-256': 'sha256=zz' }],
    ['no signature', {}],
  ])('refuses a webhook with %s and builds nothing', async (_, signature) => {
    const slug = 'test/hooked'
    await system.client.call('POST', '/api/repos', {
      slug,
      git_http_url: `file://${system.folder}`,
      default_branch: 'main',
    })
    const answer = await system.client.call(
      'POST',
      `/hook/${slug}`,
      { ref: 'refs/heads/main' },
      { 'x-waggle-delivery': randomUUID(), ...signature },
    )
    expect(answer.status).toBe(400)
    expect(answer.json()).toEqual({ message: 'Invalid webhook signature' })
    expect((await system.client.call('GET', `/api/repos/${slug}/builds`)).json()).toEqual([])
  })

  it('refuses a worker without the secret', async () => {
    const answer = await fetch(`${system.client.server}/rpc/worker/v1/register`, {
      method: 'POST',
      body: '{}',
      headers: { authorization: 'Bearer wrong', 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(401)
  })

  it('answers unknown builds, stages and steps with 404, unknown paths in plain text', async () => {
    for (const path of [
      '/api/repos/test/app/builds/999999',
      '/api/repos/no/where',
      '/api/repos/test/app/builds/1/logs/9/9',
    ])
      expect((await system.client.call('GET', path)).status).toBe(404)
    const unknown = await system.client.call('GET', '/api/nothing/here')
    expect(unknown).toMatchObject({ status: 404 })
    expect(unknown.text).toContain('404 page not found')
    expect((await system.client.call('GET', '/api/repos/test/app/builds/abc')).status).toBe(400)
  })

  it('survives keys that aim at prototypes', async () => {
    const build = await buildOf('kind: pipeline\n__proto__: { polluted: 1 }\nsteps: []\n')
    expect(build.status).toBe('error')
    expect(
      (await submit('{"__proto__":{"x":1},"repository":"test/app","pipeline":"kind: pipeline"}'))
        .status,
    ).toBeLessThan(500)
  })

  it('ends a stage whose own rules are broken in error, with the rule', async () => {
    const build = await buildOf(pipelineText([{ name: 'x', commands: ['true'], privileged: true }]))
    const ended = await system.client.ended(build.number)
    expect(ended.stages?.[0]).toMatchObject({ status: 'error' })
    expect(ended.stages?.[0]?.error).toContain(
      'untrusted repositories cannot enable privileged mode',
    )
  })

  it('ends an unknown image in error, with its name', async () => {
    const ended = await system.client.ended((await unknownImage).number)
    expect(ended.status).toBe('error')
    expect(ended.stages?.[0]?.steps?.[0]).toMatchObject({ status: 'error' })
    expect(ended.stages?.[0]?.steps?.[0]?.error).toContain(image)
  })

  it('costs no process: all of them are up, and builds go on', async () => {
    const build = await buildOf(oneStep(['true']))
    expect((await system.client.ended(build.number)).status).toBe('success')
    for (const app of [...system.apis, ...system.workers])
      expect((await fetch(`${app.url}/readyz`)).status).toBe(200)
  })
})
