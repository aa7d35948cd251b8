import { get } from 'node:http'
import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
})
afterAll(() => api?.stop())

const pipeline = `kind: pipeline
type: docker
name: default
steps:
- name: one
  image: busybox:1
  commands:
  - echo one
`

const submit = (more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  api.call('POST', '/api/builds', { repository: 'o/n', pipeline, ...more }, headers)

describe('conventions', () => {
  test('health, readiness and version answer without a token', async () => {
    const guest = { authorization: '' }
    expect(await api.call('GET', '/healthz', undefined, guest)).toMatchObject({ text: 'OK' })
    expect((await api.call('GET', '/readyz', undefined, guest)).json).toEqual({
      status: 'ready',
      database: true,
      redis: true,
    })
    expect((await api.call('GET', '/version', undefined, guest)).json.version).toMatch(
      /^2\.25\.0\+waggle\./,
    )
  })

  test('takes a token with Bearer and without, and no other', async () => {
    for (const authorization of [`Bearer ${adminToken}`, adminToken]) {
      const answer = await api.call('GET', '/api/user', undefined, { authorization })
      expect(answer.json).toMatchObject({ login: 'admin', admin: true, active: true })
    }
    for (const authorization of ['', 'Bearer nobody', `Basic ${adminToken}`]) {
      const answer = await api.call('GET', '/api/user', undefined, { authorization })
      expect(answer.status).toBe(401)
      expect(answer.json).toEqual({ message: 'Unauthorized' })
    }
    const query = `/api/user?access_token=${adminToken}`
    expect((await api.call('GET', query, undefined, { authorization: '' })).status).toBe(401)
  })

  test('JSON names no charset, ends in a newline, and is not cached', async () => {
    const { headers, text } = await api.call('GET', '/api/user/')
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('cache-control')).toBe('no-cache, private, max-age=0')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(text.endsWith('}\n')).toBe(true)
  })

  test.each([
    ['GET', '/api/nothing', 404, '404 page not found\n'],
    ['GET', '/nothing', 404, '404 page not found\n'],
    ['PUT', '/api/user', 405, ''],
    ['GET', '/hook/o/n', 405, ''],
  ])('%s %s is %d', async (method, path, status, text) => {
    expect(await api.call(method, path)).toMatchObject({ status, text })
  })

  // Not by fetch, which would tidy the path up before it sends it.
  test.each(['/api%2fuser', '/api//user', '/api/user;x', '/api/%2e%2e/api/user', '/../api/user'])(
    'refuses the path %s',
    async (path) => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const { hostname, port } = new URL(api.url)
        const headers = { authorization: adminToken }
        get({ hostname, port, path, headers }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        }).once('error', reject)
      })
      expect(status).toBe(400)
    },
  )

  test.each([
    ['', 'EOF'],
    ['{', 'body is not JSON: Expected property name'],
    ['[]', 'body is not a JSON object'],
    ['null', 'body is not a JSON object'],
    [JSON.stringify({ repository: 7 }), 'repository: must be a string'],
    [JSON.stringify({ repository: 'noslash', pipeline }), 'repository: must be owner/name'],
    [JSON.stringify({ repository: '../x', pipeline }), 'repository: must be owner/name'],
    [JSON.stringify({ repository: 'o/n' }), 'pipeline: required'],
    [`{"repository":"o/n","pipeline":"","params":{"__proto__":"x"}}`, 'cannot be a name'],
    [JSON.stringify({ repository: 'o/n', pipeline, event: 'party' }), 'event: must be one of'],
    [
      JSON.stringify({ repository: 'o/n', pipeline, source: { url: '--upload-pack=x' } }),
      'git address',
    ],
    [
      JSON.stringify({ repository: 'o/n', pipeline, source: { url: 'https://a:b@example.com/x' } }),
      'must not hold a password',
    ],
  ])('tells what is wrong with the body %j', async (body, message) => {
    const answer = await api.call('POST', '/api/builds', body)
    expect(answer.status).toBe(400)
    expect(answer.json.message).toContain(message)
  })

  test('a body over the limit is 413 with a reason, before anything is read of it', async () => {
    const answer = await api.call('POST', '/api/builds', 'x'.repeat(5 * 1024 * 1024))
    expect(answer.status).toBe(413)
    expect(answer.json.message).toContain('larger than 4194304 bytes')
  })

  test('metrics need a token', async () => {
    expect((await api.call('GET', '/metrics', undefined, { authorization: '' })).status).toBe(401)
    const { text, status } = await api.call('GET', '/metrics')
    expect(status).toBe(200)
    expect(text).toContain('drone_user_count 1')
  })

  test('every route refuses who it is not for, and takes no worker for a user', async () => {
    await submit()
    const fill = (path: string) =>
      path
        .replace(':owner/:name', 'o/n')
        .replace(':stageId', '1')
        .replace(/:(build|stage|step|secret|namespace)/g, '1')
    for (const { method, path, permission } of api.api.routes) {
      if (permission === 'none') continue
      const name = `${method} ${path}`
      for (const authorization of ['', 'Bearer stranger', `Bearer ${workerSecret}`]) {
        if (permission === 'register' && authorization.includes(workerSecret)) continue
        const answer = await api.call(method, fill(path), undefined, { authorization })
        expect([name, answer.status]).toEqual([name, 401])
        expect(answer.text).toBe('{"message":"Unauthorized"}\n')
      }
      if (permission !== 'worker' && permission !== 'register') continue
      // A system admin is no worker.
      expect((await api.call(method, fill(path))).status).toBe(401)
    }
  })

  test('a guest learns nothing of a private repository', async () => {
    await submit()
    const guest = { authorization: '' }
    for (const path of ['/api/repos/o/n', '/api/repos/o/n/builds', '/api/repos/no/such'])
      expect(await api.call('GET', path, undefined, guest)).toMatchObject({
        status: 401,
        json: { message: 'Unauthorized' },
      })
  })
})

describe('builds of a text', () => {
  test('the first build makes the repository, and each has the next number', async () => {
    const first = await api.call('POST', '/api/builds', { repository: 'new/repo', pipeline })
    expect(first.status).toBe(200)
    expect(first.json).toMatchObject({
      number: 1,
      status: 'pending',
      event: 'custom',
      trigger: 'admin',
      ref: 'refs/heads/main',
      stages: [{ name: 'default', status: 'pending', number: 1, type: 'docker' }],
    })
    const second = await api.call('POST', '/api/builds', { repository: 'new/repo', pipeline })
    expect(second.json.number).toBe(2)
    expect((await api.call('GET', '/api/repos/new/repo')).json).toMatchObject({
      slug: 'new/repo',
      counter: 2,
      visibility: 'private',
    })
    const builds = await api.call('GET', '/api/repos/new/repo/builds')
    expect(builds.json.map((build: { number: number }) => build.number)).toEqual([2, 1])
    expect(builds.json[0].stages).toBeUndefined()
    const latest = await api.call('GET', '/api/repos/new/repo/builds/latest?branch=main')
    expect(latest.json).toMatchObject({ number: 2, stages: [{ name: 'default' }] })
    expect((await api.call('GET', '/api/repos/new/repo/builds/3')).status).toBe(404)
    expect((await api.call('GET', '/api/repos/new/repo/builds/x')).status).toBe(400)
  })

  test('the same key gives the same build, also for twenty at once', async () => {
    const key = { 'idempotency-key': 'once' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit({}, key)))
    expect(new Set(answers.map((answer) => answer.json.number)).size).toBe(1)
    expect((await submit({}, { 'idempotency-key': 'other' })).json.number).not.toBe(
      answers[0]?.json.number,
    )
  })

  test.each([
    ['broken YAML', 'kind: pipeline\n  steps: ['],
    ['an empty text', ''],
    ['a text of 2 MiB', `# ${'x'.repeat(2 * 1024 * 1024)}\n`],
    ['10,001 steps', `${pipeline}${'- { name: s, image: x }\n'.repeat(10_001)}`],
  ])('%s becomes a build in error with a reason', async (_name, text) => {
    const answer = await submit({ pipeline: text })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ status: 'error' })
    expect(answer.json.error).not.toBe('')
    expect(answer.json.stages).toEqual([])
  })

  test('a git address that does not answer becomes a build in error', async () => {
    const answer = await submit({ source: { url: 'http://127.0.0.1:1/x.git', ref: 'main' } })
    expect(answer.json).toMatchObject({ status: 'error' })
    expect(answer.json.error).toContain('cannot read http://127.0.0.1:1/x.git')
  })

  test('cancelling ends it, and cancelling again is fine', async () => {
    const { number } = (await submit()).json
    const path = `/api/repos/o/n/builds/${number}`
    const ended = await api.call('DELETE', path)
    expect(ended.json).toMatchObject({ status: 'killed', stages: [{ status: 'skipped' }] })
    expect(await api.call('DELETE', path)).toMatchObject({ status: 200 })
  })

  test('the queue lists what waits, pauses and resumes', async () => {
    const { number } = (await submit()).json
    const listed = await api.call('GET', '/api/queue')
    expect(listed.json.length).toBeGreaterThan(0)
    expect(listed.json[0].steps).toBeUndefined()
    const incomplete = await api.call('GET', '/api/builds/incomplete')
    expect(incomplete.json[0]).toMatchObject({ slug: 'o/n', build: { number } })
    const rows = await api.call('GET', '/api/builds/incomplete/v2')
    expect(rows.json[0]).toMatchObject({ build_number: number, stage_limit: '0' })
    expect((await api.call('DELETE', '/api/queue')).status).toBe(204)
    expect((await api.call('POST', '/api/queue')).status).toBe(204)
  })
})

describe('repositories', () => {
  test('are registered by a system admin, and show their webhook key only then', async () => {
    const wish = { slug: 'reg/one', git_http_url: 'https://example.com/reg/one.git', timeout: 5 }
    const made = await api.call('POST', '/api/repos', wish)
    expect(made.json).toMatchObject({ slug: 'reg/one', timeout: 5, active: true })
    expect(made.json.signer).toMatch(/^[A-Za-z0-9]{32}$/)
    expect((await api.call('GET', '/api/repos/reg/one')).text).not.toContain('signer')
    expect(await api.call('POST', '/api/repos', wish)).toMatchObject({ status: 409 })
    const again = await api.call('POST', '/api/repos/reg/one/signer')
    expect(again.json.signer).not.toBe(made.json.signer)
  })

  test('are changed, nulls and unknown members aside, and switched off', async () => {
    await api.call('POST', '/api/repos', { slug: 'reg/two' })
    const body = { timeout: 90, trusted: null, ignore_forks: null, Throttle: 3, nonsense: 1 }
    const changed = await api.call('PATCH', '/api/repos/reg/two', body)
    expect(changed.json).toMatchObject({ timeout: 90, throttle: 3, trusted: false })
    for (const bad of [{ timeout: 0 }, { visibility: 'secret' }, { config_path: '../x' }])
      expect((await api.call('PATCH', '/api/repos/reg/two', bad)).status).toBe(400)
    expect((await api.call('DELETE', '/api/repos/reg/two')).json.active).toBe(false)
    expect((await api.call('POST', '/api/repos/reg/two')).json.active).toBe(true)
  })

  test('are removed with their builds once these are over', async () => {
    const wish = { repository: 'reg/gone' }
    const builds = await Promise.all(Array.from({ length: 12 }, () => submit(wish)))
    const path = '/api/repos/reg/gone'
    const refused = await api.call('DELETE', `${path}?remove=true`)
    expect(refused.status).toBe(409)
    expect(refused.json.message).toContain('cancel them first')
    expect((await api.call('GET', path)).json.active).toBe(true)
    for (const { json } of builds) await api.call('DELETE', `${path}/builds/${json.number}`)
    const removed = await api.call('DELETE', `${path}?remove=true`)
    expect(removed).toMatchObject({ status: 200, json: { slug: 'reg/gone', active: false } })
    expect((await api.call('GET', path)).status).toBe(404)
    expect((await api.call('DELETE', `${path}?remove=true`)).status).toBe(404)
    // The same name begins anew.
    expect((await submit(wish)).json.number).toBe(1)
  })
})

describe('secrets', () => {
  test('are written and never read back', async () => {
    await submit()
    const path = '/api/repos/o/n/secrets'
    const made = await api.call('POST', path, { name: 'Pass_word', data: 'swordfish' })
    expect(made.json).toMatchObject({ name: 'Pass_word' })
    expect(made.json.pull_request).toBeUndefined()
    expect(await api.call('POST', path, { name: 'Pass_word', data: 'x' })).toMatchObject({
      status: 409,
    })
    const changed = await api.call('PATCH', `${path}/Pass_word`, { pull_request: true })
    expect(changed.json).toMatchObject({ pull_request: true })
    const all = [
      made,
      changed,
      await api.call('GET', path),
      await api.call('GET', `${path}/Pass_word`),
    ]
    expect(all.map((answer) => answer.text).join('')).not.toContain('swordfish')
    expect((await api.call('DELETE', `${path}/Pass_word`)).status).toBe(204)
    expect((await api.call('GET', `${path}/Pass_word`)).status).toBe(404)
  })

  test.each([
    [{ name: 'a b', data: 'x' }, 'Invalid Secret Name'],
    [{ data: 'x' }, 'Invalid Secret Name'],
    [{ name: 'a', data: '' }, 'Invalid Secret Value'],
    [{ name: 'a' }, 'Invalid Secret Value'],
  ])('refuses %j', async (body, message) => {
    await submit()
    const answer = await api.call('POST', '/api/repos/o/n/secrets', body)
    expect(answer).toMatchObject({ status: 400, json: { message } })
  })

  test('may be marked for approved builds of forks', async () => {
    await submit()
    const path = '/api/repos/o/n/secrets'
    const made = await api.call('POST', path, { name: 'fork', data: 'x', forks: true })
    expect(made.json).toMatchObject({ name: 'fork', forks: true })
    const changed = await api.call('PATCH', `${path}/fork`, { forks: false })
    expect(changed.json.forks).toBeUndefined()
  })
})

describe('secrets of a namespace', () => {
  test('are written by name without case, and never read back', async () => {
    const path = '/api/secrets/Acme'
    const made = await api.call('POST', path, { name: 'Org_token', data: 'swordfish' })
    expect(made.json).toMatchObject({ namespace: 'Acme', name: 'Org_token' })
    expect(made.json.repo_id).toBeUndefined()
    const again = await api.call('POST', '/api/secrets/acme', { name: 'ORG_TOKEN', data: 'x' })
    expect(again.status).toBe(409)
    const changed = await api.call('POST', `${path}/org_TOKEN`, { pull_request: true })
    expect(changed.json).toMatchObject({ name: 'Org_token', pull_request: true })
    expect((await api.call('PATCH', `${path}/org_token`, { data: '' })).status).toBe(400)
    const all = [made, changed, await api.call('GET', '/api/secrets'), await api.call('GET', path)]
    expect(all.map((answer) => answer.text).join('')).not.toContain('swordfish')
    expect(all[2]?.json).toContainEqual(expect.objectContaining({ name: 'Org_token' }))
    expect((await api.call('DELETE', `${path}/org_token`)).status).toBe(204)
    expect((await api.call('GET', `${path}/org_token`)).status).toBe(404)
  })

  test.each([
    ['/api/secrets/acme', { name: 'a b', data: 'x' }, 'Invalid Secret Name'],
    ['/api/secrets/acme', { name: 'a', data: '' }, 'Invalid Secret Value'],
    ['/api/secrets/a%20b', { name: 'a', data: 'x' }, 'Invalid Namespace'],
  ])('refuses %s %j', async (path, body, message) => {
    const answer = await api.call('POST', path, body)
    expect(answer).toMatchObject({ status: 400, json: { message } })
  })
})

describe('signing and encrypting', () => {
  const file = 'kind: pipeline\nname: a\nsteps: []\n'

  test('signs a file by its documents, with a key of the repository alone', async () => {
    await submit()
    const sign = (data: unknown) => api.call('POST', '/api/repos/o/n/sign', { data })
    const { json } = await sign(file)
    expect(json.data).toMatch(/^[0-9a-f]{64}$/)
    expect((await sign(`${file}---\nkind: signature\nhmac: ${json.data}\n`)).json).toEqual(json)
    expect((await sign(file.replace('name: a', 'name: b'))).json).not.toEqual(json)
    await submit({ repository: 'o/other' })
    const other = await api.call('POST', '/api/repos/o/other/sign', { data: file })
    expect(other.json.data).not.toBe(json.data)
  })

  test.each(['{', 'name: no kind\n', 'kind: pipeline\nsteps: {}\n'])(
    'answers 500 with the reason to %j',
    async (data) => {
      await submit()
      const answer = await api.call('POST', '/api/repos/o/n/sign', { data })
      expect(answer.status).toBe(500)
      expect(answer.json.message).not.toBe('Internal Server Error')
    },
  )

  test('encrypts a value for a secret document, each time another way', async () => {
    await submit()
    const path = '/api/repos/o/n/encrypt'
    const [one, two] = [
      await api.call('POST', path, { data: 'swordfish' }),
      await api.call('POST', `${path}/secret`, { name: 'x', data: 'swordfish' }),
    ]
    for (const answer of [one, two])
      expect(Buffer.from(answer.json.data, 'base64')).toHaveLength(12 + 9 + 16)
    expect(one.json.data).not.toBe(two.json.data)
    expect((await api.call('POST', path, { data: '' })).status).toBe(400)
  })
})
