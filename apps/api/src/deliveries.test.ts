import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startRedis, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, signature, startTestApi, type TestApi } from './test-api.ts'

const manifest = `kind: pipeline
name: build
trigger: { branch: [ main ] }
---
kind: pipeline
name: ship
depends_on: [ build ]
trigger: { event: [ promote, rollback ] }
`

let api: TestApi
let signer: string
let repository: string
let head: string
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], {
    cwd: repository,
    encoding: 'utf8',
  }).trim()

beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('deliveries'))
  repository = join(api.folder, 'hello')
  await mkdir(repository)
  await writeFile(join(repository, '.drone.yml'), manifest)
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'Greet')
  head = git('rev-parse', 'HEAD')
  git('branch', 'dev')
  const made = await api.call('POST', '/api/repos', {
    slug: 'me/hello',
    git_http_url: `file://${repository}`,
  })
  signer = made.json.signer
})
afterAll(() => api?.stop())

const repo = '/api/repos/me/hello'

const send = async (body: object, headers: Readonly<Record<string, string>> = {}) => {
  const text = JSON.stringify(body)
  const delivery = { 'x-waggle-delivery': randomUUID() }
  return waitUntil('the delivery to be worked on', async () => {
    const all = { authorization: '', ...signature(signer, text), ...delivery, ...headers }
    const answer = await api.call('POST', '/hook/me/hello', text, all)
    return answer.status === 202 ? null : answer
  })
}

const start = async (path: string) => {
  const answer = await api.call('POST', `${repo}/builds${path}`)
  return { ...answer, reason: decodeURI(answer.headers.get('x-waggle-reason') ?? '') }
}

const newest = async (outcome = '') =>
  (await api.call('GET', `${repo}/deliveries?outcome=${outcome}`)).json[0]

describe('deliveries', () => {
  test('a push that matches no pipeline says by which rule, and can be delivered again', async () => {
    const answer = await send({ ref: 'dev', after: head }, { 'x-waggle-delivery': 'd-1' })
    expect(answer.text).toBe('null\n')
    const rule = 'no pipeline matches; build: trigger.branch: dev is not in [main]'
    expect(decodeURI(answer.headers.get('x-waggle-reason') ?? '')).toContain(rule)
    const delivery = await newest()
    expect(delivery).toMatchObject({
      delivery: 'd-1',
      via: 'webhook',
      outcome: 'skipped',
      event: 'push',
      ref: 'refs/heads/dev',
      commit: head,
      sender: '@hook',
      tries: 1,
    })
    expect(delivery.reason).toContain(rule)
    expect(delivery.body_sha256).toMatch(/^[0-9a-f]{64}$/)
    const info = await api.call('GET', `${repo}/deliveries/${delivery.id}`)
    expect(info.json).toMatchObject({ ...delivery, can_redeliver: true })

    const again = await api.call('POST', `${repo}/deliveries/${delivery.id}/redeliver`)
    expect(again.text).toBe('null\n')
    expect((await newest()).tries).toBe(2)
  })

  test('one whose repository was inactive builds when it is delivered again later', async () => {
    await api.call('DELETE', repo)
    const answer = await send({ ref: 'main', after: head, params: { A: 'later' } })
    expect(answer).toMatchObject({ status: 200, text: '' })
    const delivery = await newest('ignored')
    expect(delivery.reason).toBe('the repository is not active')
    const path = `${repo}/deliveries/${delivery.id}/redeliver`
    expect((await api.call('POST', path)).text).toBe('null\n')
    await api.call('POST', repo)
    const built = (await api.call('POST', path)).json
    expect(built).toMatchObject({ event: 'push', after: head, params: { A: 'later' } })
    expect((await api.call('POST', path)).json.number).toBe(built.number)
    expect((await api.call('GET', `${repo}/deliveries/${delivery.id}`)).json).toMatchObject({
      outcome: 'built',
      build: built.number,
    })
  })

  test('the same content under another id is one build; under other parameters two', async () => {
    const body = { ref: 'main', after: head, params: { A: 'same' } }
    const first = (await send(body)).json
    expect((await send(body)).json.number).toBe(first.number)
    expect(await newest()).toMatchObject({ outcome: 'repeated', build: first.number })
    const other = await send({ ...body, params: { A: 'other' } })
    expect(other.json.number).toBeGreaterThan(first.number)
  })

  test('twenty copies under ids of their own are one build, and no number is lost', async () => {
    const before = (await api.call('GET', repo)).json.counter
    const body = { ref: 'main', after: head, params: { A: 'twenty' } }
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(body)))
    expect(new Set(answers.map(({ json }) => json.number))).toEqual(new Set([before + 1]))
    expect((await api.call('GET', repo)).json.counter).toBe(before + 1)
  })

  test('what is not genuine leaves a note without its body, and cannot be delivered again', async () => {
    const text = '{"ref":"main"}'
    const headers = { authorization: '', ...signature('x'.repeat(32), text) }
    expect((await api.call('POST', '/hook/me/hello', text, headers)).status).toBe(400)
    const note = await waitUntil('the note', async () => (await newest('refused')) ?? null)
    expect(note).toMatchObject({ reason: 'signature', via: 'webhook', body_bytes: text.length })
    const info = await api.call('GET', `${repo}/deliveries/${note.id}`)
    expect(info.json.can_redeliver).toBe(false)
    const again = await api.call('POST', `${repo}/deliveries/${note.id}/redeliver`)
    expect(again).toMatchObject({ status: 409 })
    expect(again.json.message).toContain('was not kept')
  })

  test('a deleted branch leaves the list of newest builds, with a reason', async () => {
    const branches = async () =>
      (await api.call('GET', `${repo}/builds/branches`)).json.map(
        (build: { target: string }) => build.target,
      )
    await send({ ref: 'main', after: head, params: { A: 'branch' } })
    expect(await branches()).toEqual(['main'])
    expect((await send({ ref: 'main', after: '0'.repeat(40) })).status).toBe(204)
    expect(await branches()).toEqual([])
    expect(await newest()).toMatchObject({ outcome: 'ignored', reason: 'the branch was deleted' })
  })

  test('bad questions have answers', async () => {
    expect((await api.call('GET', `${repo}/deliveries?outcome=odd`)).status).toBe(400)
    expect((await api.call('GET', `${repo}/deliveries/999999`)).status).toBe(404)
    expect((await api.call('GET', `${repo}/deliveries/x`)).status).toBe(400)
    expect((await api.call('POST', `${repo}/deliveries/999999/redeliver`)).status).toBe(404)
    const guest = { authorization: '' }
    expect((await api.call('GET', `${repo}/deliveries`, undefined, guest)).status).toBe(401)
  })
})

describe('builds of builds', () => {
  test('a restart keeps event and commit, and old parameters win', async () => {
    const old = (await send({ ref: 'main', after: head, params: { A: 'old' } })).json
    const { json } = await start(`/${old.number}?A=new&B=2&debug=true`)
    expect(json).toMatchObject({
      event: 'push',
      after: head,
      trigger: 'admin',
      parent: old.number,
      debug: true,
      params: { A: 'old', B: '2' },
      ref: 'refs/heads/main',
    })
    expect(await newest()).toMatchObject({ via: 'call', outcome: 'built', build: json.number })
  })

  test('a promotion needs a target, chooses pipelines anew, and is listed', async () => {
    const old = (await send({ ref: 'main', after: head, params: { A: 'p' } })).json
    const missing = await start(`/${old.number}/promote`)
    expect(missing).toMatchObject({ status: 400, json: { message: 'Missing target environment' } })
    const promoted = await start(`/${old.number}/promote?target=live&A=new`)
    expect(promoted.json).toMatchObject({
      event: 'promote',
      deploy_to: 'live',
      parent: old.number,
      params: { A: 'new' },
      stages: [{ name: 'build' }, { name: 'ship', depends_on: ['build'] }],
    })
    const back = (await start(`/${old.number}/rollback?target=live`)).json
    expect(back).toMatchObject({ event: 'rollback', deploy_to: 'live' })
    const deployments = `${repo}/builds/deployments`
    const listed = async () =>
      (await api.call('GET', deployments)).json.map((build: { number: number }) => build.number)
    expect(await listed()).toEqual([back.number])
    expect((await api.call('DELETE', `${deployments}/live`)).status).toBe(204)
    expect(await listed()).toEqual([])
  })

  test('ten restarts at once are ten builds with numbers of their own', async () => {
    const old = (await send({ ref: 'main', after: head, params: { A: 'ten' } })).json
    const answers = await Promise.all(Array.from({ length: 10 }, () => start(`/${old.number}`)))
    const numbers = answers.map(({ json }) => json.number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, i) => old.number + 1 + i))
  })

  test('a key makes ten restarts one', async () => {
    const old = (await send({ ref: 'main', after: head, params: { A: 'key' } })).json
    const headers = { 'idempotency-key': 'k' }
    const path = `${repo}/builds/${old.number}`
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.call('POST', path, undefined, headers)),
    )
    expect(new Set(answers.map(({ json }) => json.number)).size).toBe(1)
  })

  test('a build of a text is restarted from that text', async () => {
    const { json: old } = await api.call('POST', '/api/builds', {
      repository: 'me/hello',
      pipeline: 'kind: pipeline\nname: given\n',
    })
    expect((await start(`/${old.number}`)).json.stages).toMatchObject([{ name: 'given' }])
  })

  test('what cannot be started says why', async () => {
    const old = (await send({ ref: 'main', after: head, params: { A: 'why' } })).json
    expect(await start(`/${old.number}?failed=true`)).toMatchObject({ status: 400 })
    expect(await start('/99999')).toMatchObject({ status: 404 })
    expect(await start('?branch=gone')).toMatchObject({ status: 404 })
    expect(await newest()).toMatchObject({ outcome: 'failed', ref: 'refs/heads/gone' })
    expect(await start('?commit=abc')).toMatchObject({ status: 400 })
    expect(await start(`?commit=${'a'.repeat(40)}`)).toMatchObject({ status: 404 })
    await api.call('DELETE', repo)
    const inactive = await start(`/${old.number}`)
    expect([inactive.text, inactive.reason]).toEqual(['null\n', 'the repository is not active'])
    await api.call('POST', repo)
  })
})

describe('cancelling', () => {
  const statusOf = async (number: number) =>
    (await api.call('GET', `${repo}/builds/${number}`)).json.status

  test('says who and why, and leaves alone what is over', async () => {
    const { json } = await start('?branch=main')
    const ended = await api.call('DELETE', `${repo}/builds/${json.number}`)
    const told = { status: 'killed', ended_by: 'admin', end_reason: 'cancelled' }
    expect(ended).toMatchObject({ status: 200, json: told })
    const again = await api.call('DELETE', `${repo}/builds/${json.number}`)
    expect(again).toMatchObject({ status: 200, json: { version: ended.json.version, ...told } })
  })

  test('all that wait, up to a build', async () => {
    const builds = [await start('?branch=main'), await start('?branch=main')]
    const [first, second] = builds.map(({ json }) => json.number)
    const cancel = (query: string) => api.call('POST', `${repo}/builds/cancel${query}`)
    const { json } = await cancel(`?before=${second}`)
    expect(json.map((build: { number: number }) => build.number)).toContain(first)
    expect(await Promise.all([statusOf(first), statusOf(second)])).toEqual(['killed', 'pending'])
    expect((await cancel('?status=odd')).status).toBe(400)
    expect((await cancel('?before=x')).status).toBe(400)
    await cancel('')
    expect(await statusOf(second)).toBe('killed')
  })

  test('a newer push ends the one that waits, where the repository wants it', async () => {
    const changed = await api.call('PATCH', repo, { auto_cancel_pushes: true })
    expect(changed.json).toMatchObject({ auto_cancel_pushes: true, auto_cancel_running: false })
    const old = (await send({ ref: 'main', after: head, params: { A: 'c1' } })).json
    const next = (await send({ ref: 'main', after: head, params: { A: 'c2' } })).json
    const { json } = await api.call('GET', `${repo}/builds/${old.number}`)
    const reason = `superseded by build ${next.number}`
    expect(json).toMatchObject({ status: 'skipped', end_reason: reason })
    expect(await statusOf(next.number)).toBe('pending')
    await api.call('PATCH', repo, { auto_cancel_pushes: false })
  })
})

describe('the command line', () => {
  const main = join(import.meta.dirname, '../../cli/src/main.ts')
  const waggle = async (...args: string[]) => {
    const env = { HOME: api.folder, WAGGLE_SERVER_URL: api.url, WAGGLE_TOKEN: adminToken }
    const run = promisify(execFile)(process.execPath, [main, ...args], { env })
    return run.then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => error.stderr,
    )
  }

  test('lists deliveries, shows one and delivers it again', async () => {
    await send({ ref: 'dev', after: head }, { 'x-waggle-delivery': 'cli-1' })
    const { id } = await newest()
    const rule = 'trigger.branch: dev is not in [main]'
    const listed = await waggle('delivery', 'ls', 'me/hello', '--outcome', 'skipped')
    expect(listed).toMatch(/OUTCOME/)
    expect(listed).toContain('refs/heads/dev')
    const shown = await waggle('delivery', 'info', 'me/hello', String(id))
    for (const part of ['skipped', rule, 'webhook cli-1', 'can be delivered again'])
      expect(shown).toContain(part)
    const again = await waggle('delivery', 'redeliver', 'me/hello', String(id))
    for (const part of [rule, 'tries    2']) expect(again).toContain(part)
  })

  test('restarts, promotes, and stops all that wait', async () => {
    const { json: old } = await start('?branch=main')
    const param = ['--param', 'A=1']
    const restarted = await waggle('build', 'restart', 'me/hello', String(old.number), ...param)
    expect(restarted).toBe(`build ${old.number + 1} of me/hello: pending\n`)
    const promoted = await waggle('build', 'promote', 'me/hello', String(old.number), 'live')
    expect(promoted).toBe(`build ${old.number + 2} of me/hello: pending\n`)
    const failed = await waggle('build', 'restart', 'me/hello', String(old.number), '--failed')
    expect(failed).toContain('cannot retry the failed stages of a build that is not over')
    const approved = await waggle('build', 'approve', 'me/hello', String(old.number), '1')
    expect(approved).toContain('Cannot approve a Pipeline with Status "pending"')
    const stopped = await waggle('build', 'stop', 'me/hello', '--pending')
    expect(stopped).toContain(`build ${old.number + 2} of me/hello: killed\n`)
    const info = await waggle('build', 'info', 'me/hello', String(old.number))
    expect(info).toContain('cancelled by admin')
  })
})
