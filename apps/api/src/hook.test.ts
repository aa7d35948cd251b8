import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRedis, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signature, startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
let signer: string
let head: string
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
  const repository = join(api.folder, 'hello')
  await mkdir(repository)
  await writeFile(
    join(repository, '.drone.yml'),
    'kind: pipeline\nname: hi\nsteps:\n- name: a\n  image: b:1\n  commands: [ true ]\n',
  )
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], {
      cwd: repository,
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'Greet')
  head = git('rev-parse', 'HEAD')
  const made = await api.call('POST', '/api/repos', {
    slug: 'me/hello',
    git_http_url: `file://${repository}`,
  })
  signer = made.json.signer
})
afterAll(() => api?.stop())

const send = (
  body: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/hook/me/hello',
  key = signer,
) => api.call('POST', path, body, { authorization: '', ...signature(key, body), ...headers })

/** The same until the work is done: 202 says that it took longer than two seconds and goes on. */
const settled = (body: string, delivery: string = randomUUID()) =>
  waitUntil('the delivery to be worked on', async () => {
    const answer = await send(body, { 'x-waggle-delivery': delivery })
    return answer.status === 202 ? null : answer
  })

test('a signed push builds the commit with the file that is in it', async () => {
  const answer = await settled(JSON.stringify({ ref: 'refs/heads/main', params: { a: 'b' } }))
  expect(answer.status).toBe(200)
  expect(answer.json).toMatchObject({
    event: 'push',
    trigger: '@hook',
    after: head,
    ref: 'refs/heads/main',
    source: 'main',
    target: 'main',
    message: 'Greet',
    author_name: 'Ada',
    params: { a: 'b' },
    status: 'pending',
    stages: [{ name: 'hi' }],
  })
})

test('what a push says of itself counts before what its commit says', async () => {
  const said = { after: head, before: 'b'.repeat(40), message: 'said by the webhook' }
  const answer = await settled(JSON.stringify({ ref: 'refs/heads/main', ...said }))
  expect(answer.json).toMatchObject(said)
})

test.each([
  { ref: 'main', after: 'main' },
  { ref: 'main', before: '--upload-pack=x' },
  { ref: 'main', params: { a: {} } },
  { ref: 'main', message: ['x'] },
])('a push that says %j is refused, with the name of the member', async (body) => {
  const member = Object.keys(body).at(-1) ?? ''
  const answer = await send(JSON.stringify(body))
  expect(answer.status).toBe(400)
  expect(answer.json.message).toMatch(new RegExp(`^${member}`))
})

test('one delivery sent twenty times at once is one build', async () => {
  const headers = { 'x-waggle-delivery': 'd-1' }
  const body = JSON.stringify({ ref: 'main', after: head })
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(body, headers)))
  const early = answers.filter(({ status }) => status === 200).map(({ json }) => json.number)
  const { json } = await settled(body, 'd-1')
  expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true)
  expect([...new Set([...early, json.number])]).toEqual([json.number])
})

test.each([
  ['no signature', { 'x-waggle-signature-256': '' }],
  ['another key', signature('x'.repeat(32), '{"ref":"main"}')],
  ['no hex', { 'x-waggle-signature-256': 'sha256=zz' }],
  ['another algorithm', { 'x-waggle-signature-256': 'sha1=00' }],
])('%s is 400', async (_name, headers) => {
  const answer = await send('{"ref":"main"}', headers)
  expect(answer).toMatchObject({ status: 400, json: { message: 'Invalid webhook signature' } })
})

test('the signature is over the bytes as they were sent', async () => {
  const answer = await send('{"ref": "main"}', signature(signer, '{"ref":"main"}'))
  expect(answer.status).toBe(400)
})

test('an unknown repository is 400, whatever it sends', async () => {
  expect(await send('{"ref":"main"}', {}, '/hook/me/nothing')).toMatchObject({
    status: 400,
    json: { message: 'Cannot find repository' },
  })
})

test.each([
  ['not json', 'body is not JSON'],
  ['[]', 'body is not a JSON object'],
  ['{}', 'ref: required'],
  ['{"ref":"main","after":"--x"}', 'after: not a full commit id'],
])('%s is 400 with a reason', async (body, message) => {
  const answer = await send(body)
  expect(answer.status).toBe(400)
  expect(answer.json.message).toContain(message)
})

test('a deleted branch is 204', async () => {
  expect(await send(JSON.stringify({ ref: 'main', after: '0'.repeat(40) }))).toMatchObject({
    status: 204,
  })
})

test('a skip directive builds nothing and says null', async () => {
  const answer = await settled(JSON.stringify({ ref: 'main', message: 'x [skip ci]' }))
  expect(answer).toMatchObject({ status: 200, text: 'null\n' })
})

test('a branch that is not there is a build in error', async () => {
  const answer = await settled(JSON.stringify({ ref: 'gone' }))
  expect(answer.json).toMatchObject({ status: 'error' })
  expect(answer.json.error).toContain('refs/heads/gone')
})

test('a body over ten megabytes is 413', async () => {
  expect((await send('x'.repeat(10_000_001))).status).toBe(413)
})

test('a compressed body is refused unread', async () => {
  expect((await send('{"ref":"main"}', { 'content-encoding': 'gzip' })).status).toBe(415)
})

test('an inactive repository answers 200 and builds nothing', async () => {
  await api.call('DELETE', '/api/repos/me/hello')
  expect(await send('{"ref":"main"}')).toMatchObject({ status: 200, text: '' })
  await api.call('POST', '/api/repos/me/hello')
})

test('a build from a branch fetches the file too', async () => {
  const answer = await api.call('POST', '/api/repos/me/hello/builds?branch=main&colour=blue')
  expect(answer.json).toMatchObject({
    event: 'custom',
    after: head,
    params: { colour: 'blue' },
    sender: 'admin',
  })
})
