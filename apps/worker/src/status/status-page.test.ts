import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Given } from '@waggle/domain'
import { afterEach, describe, expect, it } from 'vitest'
import { LogRing } from './log-ring.ts'
import { RecentStages } from './recent-stages.ts'
import { logPage, overviewPage, type WorkerStatus } from './status-page.ts'
import { statusPages } from './status-server.ts'

const hostile = `</title><script>alert("x")</script>&'\u202e\u001b[31m`

const status: WorkerStatus = {
  name: 'bee',
  workerId: 'id',
  version: '1',
  type: 'docker',
  platform: 'linux/amd64',
  labels: {},
  server: 'http://api',
  slots: 2,
  held: 1,
  accepted: 3,
  startedAt: 1_000,
  nowMs: 61_000,
  isDraining: false,
  isStopping: false,
  reaches: { api: true, redis: false, engine: true },
}

const given = (number: number, name: string) =>
  ({
    repo: { slug: name },
    build: { number, event: 'push' },
    stage: { number: 1, name },
  }) as unknown as Given

describe('the stages that a worker had', () => {
  it('keeps what runs and the last that are over', () => {
    let now = 0
    const stages = new RecentStages(2, { now: () => ++now })
    stages.begin({ stageId: 1, attempt: 1 }, given(1, 'runs'))
    for (const id of [2, 3, 4]) {
      stages.begin({ stageId: id, attempt: 1 }, given(id, 'a'))
      stages.end({ stageId: id, attempt: 1 }, 'success')
    }
    stages.begin({ stageId: 4, attempt: 2 }, given(4, 'again'))
    const seen = stages.list().map(({ build, status: end, stoppedAt }) => [build, end, stoppedAt])
    expect(seen).toEqual([
      [4, 'running', 0],
      [4, 'success', 7],
      [3, 'success', 5],
      [1, 'running', 0],
    ])
  })
})

describe('the ring of the log', () => {
  it('keeps the last lines, cuts long ones and shows no secret', () => {
    const ring = new LogRing(2, ['hunter2', '', 'abc'])
    for (const line of ['one', 'password hunter2 and abc', 'x'.repeat(10_000)]) ring.add(line)
    expect(ring.list()).toEqual(['password ****** and abc', `${'x'.repeat(2_000)}…`])
  })
})

describe('the status page', () => {
  it('escapes whatever it is given', () => {
    const stages = new RecentStages(5, { now: () => 1_000 })
    stages.begin({ stageId: 1, attempt: 1 }, given(1, hostile))
    stages.end({ stageId: 1, attempt: 1 }, hostile)
    const labels = { [hostile]: hostile }
    const page = overviewPage(
      { ...status, name: hostile, server: hostile, platform: hostile, labels },
      stages.list(),
    )
    for (const text of [page, logPage(hostile, [hostile, hostile])]) {
      expect(text).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;')
      expect(text).not.toContain('<script')
      for (const sign of ['\u202e', '\u001b']) expect(text).not.toContain(sign)
    }
  })

  it.each([
    [{}, 'takes stages'],
    [{ held: 2 }, 'all slots busy'],
    [{ isDraining: true }, 'draining: nothing new'],
    [{ isDraining: true, held: 0 }, 'drained: nothing new'],
    [{ isStopping: true }, 'stopping: nothing new'],
    [{ reaches: { ...status.reaches, engine: false } }, 'nothing is taken: the engine'],
  ])('says what the worker does: %j', (more, expected) => {
    expect(overviewPage({ ...status, ...more }, [])).toContain(expected)
  })
})

describe('the pages behind their password', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  const serve = async () => {
    const ring = new LogRing(9)
    ring.add('a line of the log')
    const stages = new RecentStages(5, { now: () => 1_000 })
    const pages = statusPages({
      ...{ username: 'ann', password: 'pässword:x', realm: 'a "realm"\r\n' },
      ...{ stages, ring, status: async () => status },
    })
    const server = createServer((request, response) => {
      void pages(request, response).then((isAnswered) => isAnswered || response.end('other'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return (path: string, credentials?: string, method = 'GET') =>
      fetch(url + path, {
        method,
        headers: credentials
          ? { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
          : {},
      })
  }

  it('asks for name and password, and takes no others', async () => {
    const get = await serve()
    for (const credentials of [
      undefined,
      'ann:',
      'ann:pässword',
      ':pässword:x',
      'ann:pässword:xx',
    ]) {
      const answer = await get('/', credentials)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="a realm", charset="UTF-8"')
      expect(await answer.text()).not.toContain('bee')
    }
    expect((await get('/', 'ann:pässword:x', 'POST')).status).toBe(405)
    expect(await (await get('/other', 'ann:pässword:x')).text()).toBe('other')
  })

  it('shows stages and log, lets no script in and nothing be kept', async () => {
    const get = await serve()
    const answer = await get('/?x=1', 'ann:pässword:x')
    expect(answer.status).toBe(200)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'/)
    expect(policy).not.toContain('script-src')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toContain('<h1>bee</h1>')
    expect(await (await get('/logs', 'ann:pässword:x')).text()).toContain('a line of the log')
    expect(await (await get('/', 'ann:pässword:x', 'HEAD')).text()).toBe('')
  })
})
