import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { crc32 } from 'node:zlib'
import { acceptReply, leaseHeader, registerReply, workerPaths } from '@waggle/contract'
import { LineBlockWriter, type LogKey, silentLogger } from '@waggle/domain'
import { type LiveLines, openLiveLog } from '@waggle/logs'
import { plainProfile, startRedis, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adminToken, startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
let live: LiveLines
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
  live = openLiveLog({ redis: { url: api.redis.url, prefix: '{waggle}' }, log: silentLogger })
})
afterAll(async () => {
  await live?.close()
  await api?.stop()
})

const pipeline =
  'kind: pipeline\nplatform: { os: linux, arch: amd64 }\nsteps:\n- name: one\n  image: b:1\n  commands: [ echo ]\n'

/** A build whose only step was granted, and the calls of its worker. */
const runningStep = async () => {
  const registered = await api.call(
    'POST',
    workerPaths.register,
    {
      protocol: 1,
      workerId: randomUUID(),
      bootId: randomUUID(),
      name: 'w',
      version: '1',
      slots: 1,
      profile: plainProfile(),
    },
    { authorization: `Bearer ${workerSecret}` },
  )
  const { token } = registerReply.parse(registered.json)
  let lease = ''
  const rpc = (path: string, body: unknown) =>
    api.call('POST', path, body, { authorization: `Bearer ${token}`, [leaseHeader]: lease })
  const build = (await api.call('POST', '/api/builds', { repository: 'o/n', pipeline })).json
  const stageId = build.stages[0].id as number
  const question = { attempt: 1, requestId: randomUUID() }
  lease = acceptReply.parse((await rpc(workerPaths.accept(stageId), question)).json).leaseToken
  const step = { number: 1, name: 'one', image: 'b:1', errIgnore: false, detached: false }
  const steps = [{ ...step, dependsOn: [] }]
  await rpc(workerPaths.start(stageId), { attempt: 1, steps, grants: [{ step: 1, try: 1 }] })
  const key: LogKey = { stageId, attempt: 1, step: 1, try: 1 }
  const path = `/api/stream/o/n/${build.number as number}/1/1`
  return { rpc, stageId, key, path, number: build.number as number }
}

const blockOf = (first: number, lines: readonly Buffer[]) => {
  const writer = new LineBlockWriter()
  for (const [i, line] of lines.entries()) writer.add(first + i, 0, line)
  return writer.take()
}

const end = async (step: Awaited<ReturnType<typeof runningStep>>, lines: readonly Buffer[]) => {
  const { rpc, stageId } = step
  for (let first = 0; first < lines.length; first += 2_000) {
    const block = blockOf(first, lines.slice(first, first + 2_000))
    const query = `attempt=1&step=1&try=1&first=${first}&count=${block.count}&bytes=${block.bytes}`
    const answer = await rpc(`${workerPaths.segment(stageId)}?${query}`, block.data)
    expect(answer.json).toEqual({ next: first + block.count })
  }
  const whole = Buffer.concat(lines)
  const seal = { lines: lines.length, bytes: whole.length, crc32: crc32(whole), gap: '' }
  await rpc(workerPaths.seal(stageId), { attempt: 1, step: 1, try: 1, seal })
  const updates = [{ number: 1, status: 'success', exitCode: 0, error: '' }]
  const result = { attempt: 1, status: 'success', exitCode: 0, error: '', updates }
  expect((await rpc(workerPaths.finish(stageId), result)).json).toEqual({ ok: true })
}

const open = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${api.url}${path}`, { headers: { authorization: adminToken, ...headers } })

const idsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('shows lines as they come and ends when the step is sealed', async () => {
  const step = await runningStep()
  const lines = upTo(100).map((i) => Buffer.from(`${i}\n`))
  const reader = (await open(step.path)).body?.getReader()
  let text = ''
  const readUntil = async (part: string) => {
    while (!text.includes(part)) {
      const chunk = await reader?.read()
      if (chunk?.done !== false) return
      text += Buffer.from(chunk.value).toString('utf8')
    }
  }
  await readUntil(': ping')
  expect(await live.append(step.key, blockOf(0, lines.slice(0, 50)))).toBe(true)
  await readUntil('id: 49\n')
  expect(await live.append(step.key, blockOf(50, lines.slice(50)))).toBe(true)
  await readUntil('id: 99\n')
  await end(step, lines)
  await readUntil('data: eof')
  expect(idsIn(text)).toEqual(upTo(100))
})

test('a viewer that comes back goes on after the last line that it saw', async () => {
  const step = await runningStep()
  const lines = upTo(20).map((i) => Buffer.from(`${i}\n`))
  await live.append(step.key, blockOf(0, lines))
  await end(step, lines)
  const text = await (await open(step.path, { 'last-event-id': '12' })).text()
  expect(idsIn(text)).toEqual([13, 14, 15, 16, 17, 18, 19])
})

test('a viewer that does not read harms nobody, and gets every line when it reads again', async () => {
  const step = await runningStep()
  const count = 20_000
  const lines = upTo(count).map((i) => Buffer.from(`${i} ${'x'.repeat(500)}\n`))
  const { hostname, port } = new URL(api.url)
  const slow = connect({ host: hostname, port: Number(port) })
  slow.pause()
  slow.write(
    `GET ${step.path} HTTP/1.1\r\nhost: x\r\nauthorization: ${adminToken}\r\nconnection: close\r\n\r\n`,
  )
  const quick = open(step.path).then((answer) => answer.text())
  for (let first = 0; first < count; first += 100)
    expect(await live.append(step.key, blockOf(first, lines.slice(first, first + 100)))).toBe(true)
  await end(step, lines)
  expect(idsIn(await quick)).toEqual(upTo(count))
  let text = ''
  slow.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  slow.resume()
  await waitUntil('the slow viewer to be done', () => text.includes('data: eof'))
  expect(idsIn(text)).toEqual(upTo(count))
  slow.destroy()
})

test('tells every viewer of a repository what changed, and nobody else', async () => {
  await api.call('POST', '/api/repos', { slug: 'other/repo' })
  const watch = async (path: string, headers = {}) => {
    const stop = new AbortController()
    const init = { headers: { authorization: adminToken, ...headers }, signal: stop.signal }
    const answer = await fetch(`${api.url}${path}`, init)
    const seen = { text: '', stop: () => stop.abort() }
    void (async () => {
      for await (const chunk of answer.body ?? []) seen.text += Buffer.from(chunk).toString('utf8')
    })().catch(() => undefined)
    await waitUntil('the stream to open', () => seen.text.includes(': ping'))
    return seen
  }
  const mine = await watch('/api/stream/o/n')
  const all = await watch('/api/stream')
  const other = await watch('/api/stream/other/repo')
  const guest = await watch('/api/stream', { authorization: '' })
  const { number } = await runningStep()
  const isThere = (text: string) =>
    text.includes(`"number":${number}`) && text.includes('"status":"running"')
  await waitUntil('the repository stream', () => isThere(mine.text))
  await waitUntil('the stream of everything', () => isThere(all.text))
  const frame = mine.text.split('\n\n').find((part) => part.startsWith('data: '))
  expect(JSON.parse(frame?.slice(6) ?? '')).toMatchObject({
    slug: 'o/n',
    build: { number, stages: [{ number: 1 }] },
  })
  for (const { text } of [other, guest]) expect(text).not.toContain('data:')
  for (const viewer of [mine, all, other, guest]) viewer.stop()
})

test('unknown builds, stages and steps are 404 before a stream opens', async () => {
  const { number } = await runningStep()
  for (const path of [`${number}/2/1`, `${number}/1/9`, '999/1/1'])
    expect((await open(`/api/stream/o/n/${path}`)).status).toBe(404)
  expect((await open(`/api/stream/o/n/x/1/1`)).status).toBe(400)
})
