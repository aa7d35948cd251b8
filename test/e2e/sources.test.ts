import { createHmac, randomUUID } from 'node:crypto'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuildJson } from '../harness/client.ts'
import { makeRepository, type TestRepository } from '../harness/make-repository.ts'
import { oneStep } from '../harness/pipeline-text.ts'
import { type System, startSystem } from '../harness/start-system.ts'

describe('point 4: builds by REST and by signed webhook', () => {
  let system: System
  let repository: TestRepository
  let signer: string
  const slug = 'acme/site'

  beforeAll(async () => {
    system = await startSystem({ database: 'postgres', apis: 2, workers: 2 })
    repository = makeRepository(system.folder, 'site', {
      'story.txt': 'first text\n',
      '.drone.yml': oneStep(['cat story.txt', 'echo "at $DRONE_COMMIT_SHA on $DRONE_BRANCH"'], {
        clone: true,
      }),
    })
    const answer = await system.client.call('POST', '/api/repos', {
      slug,
      git_http_url: repository.url,
      default_branch: 'main',
    })
    expect(answer.status).toBe(200)
    signer = answer.json<{ signer: string }>().signer
    expect(signer).toHaveLength(32)
  })
  afterAll(() => system?.stop())

  const deliver = (body: string, headers: Record<string, string> = {}, api = 0) =>
    fetch(`${system.apis[api]?.url}/hook/${slug}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-waggle-signature-256': `sha256=${createHmac('sha256', signer).update(body).digest('hex')}`,
        'x-waggle-delivery': randomUUID(),
        ...headers,
      },
    })

  /** The same until the work is done: 202 says that it took longer than two seconds and goes on. */
  const settled = (body: string) => {
    const delivery = { 'x-waggle-delivery': randomUUID() }
    return waitUntil('the delivery to be worked on', async () => {
      const answer = await deliver(body, delivery)
      return answer.status === 202 ? null : answer
    })
  }

  /** Newest first. Numbers only: builds of earlier tests may still be running. */
  const buildNumbers = async () =>
    (await system.client.call('GET', `/api/repos/${slug}/builds`))
      .json<BuildJson[]>()
      .map((build) => build.number)

  const textOf = async (build: BuildJson, step: number) =>
    (await system.client.log(build.number, 1, step, slug)).map((line) => line.out).join('')

  it('clones the git repository of a submission at its ref', async () => {
    const build = await system.client.submit(oneStep(['cat story.txt'], { clone: true }), {
      source: { url: repository.url, ref: 'main' },
    })
    const ended = await system.client.ended(build.number)
    expect(ended.status).toBe('success')
    expect(ended.after).toBe(repository.git('rev-parse', 'HEAD'))
    expect(ended.stages?.[0]?.steps?.map((step) => step.name)).toEqual(['clone', 'only'])
  })

  it('builds a signed webhook from the manifest at its commit', async () => {
    const sha = repository.commit('second text', { 'story.txt': 'second text\n' })
    const answer = await settled(
      JSON.stringify({ ref: 'refs/heads/main', after: sha, message: 'second text' }),
    )
    expect(answer.status).toBe(200)
    const build = (await answer.json()) as BuildJson
    const ended = await system.client.ended(build.number, 60_000, slug)
    expect(ended).toMatchObject({ status: 'success', event: 'push', after: sha })
    const text = await textOf(ended, 2)
    expect(text).toContain('second text\n')
    expect(text).toContain(`at ${sha} on main\n`)
  })

  it('answers twenty copies of a delivery with the first build', async () => {
    const before = await buildNumbers()
    const body = JSON.stringify({ ref: 'refs/heads/main' })
    const delivery = { 'x-waggle-delivery': randomUUID() }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => deliver(body, delivery, i % 2)),
    )
    // 202: the work took longer than two seconds and goes on.
    const early = await Promise.all(
      answers.map(async (answer) => {
        expect([200, 202]).toContain(answer.status)
        return answer.status === 200 ? [((await answer.json()) as BuildJson).number] : []
      }),
    )
    const first = await waitUntil('the first build', async () => {
      const answer = await deliver(body, delivery)
      return answer.status === 200 ? ((await answer.json()) as BuildJson).number : null
    })
    expect([...new Set([...early.flat(), first])]).toEqual([first])
    expect(await buildNumbers()).toEqual([first, ...before])
  })

  it.each([
    ['a wrong signature', { 'x-waggle-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['no signature', { 'x-waggle-signature-256': '' }],
    ['a signature that is not hex', { 'x-waggle-signature-256': 'sha256=zz' }],
  ])('refuses %s with 400 and stores nothing', async (_, headers) => {
    const before = await buildNumbers()
    const answer = await deliver(JSON.stringify({ ref: 'refs/heads/main' }), headers)
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { message: string }).message).toBe('Invalid webhook signature')
    expect(await buildNumbers()).toEqual(before)
  })

  it('skips a push whose message says so', async () => {
    const answer = await settled(
      JSON.stringify({ ref: 'refs/heads/main', message: 'docs [skip ci]' }),
    )
    expect(answer.status).toBe(200)
    expect(await answer.text()).toMatch(/^null/)
  })

  it('makes an error build of a commit whose manifest is broken', async () => {
    const sha = repository.commit('break it', { '.drone.yml': 'kind: pipeline\nsteps: [' })
    const answer = await settled(JSON.stringify({ ref: 'refs/heads/main', after: sha }))
    expect(answer.status).toBe(200)
    const build = (await answer.json()) as BuildJson
    expect(build.status).toBe('error')
    expect(build.error).toMatch(/line \d/)
  })

  it('keeps one submission for one idempotency key', async () => {
    const key = randomUUID()
    const submit = () =>
      system.client.call(
        'POST',
        '/api/builds',
        { repository: 'test/app', pipeline: oneStep(['true']) },
        { 'idempotency-key': key },
      )
    const answers = await Promise.all(Array.from({ length: 5 }, submit))
    expect(new Set(answers.map((answer) => answer.json<BuildJson>().number)).size).toBe(1)
  })
})
