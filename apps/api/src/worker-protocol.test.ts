import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { acceptReply, leaseHeader, registerReply, workerPaths } from '@waggle/contract'
import { LineBlockWriter } from '@waggle/domain'
import { plainProfile, startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
})
afterAll(() => api?.stop())

const pipeline = (label: string) =>
  `kind: pipeline\ntype: docker\nname: default\nplatform: { os: linux, arch: amd64 }\nnode: { only: ${label} }\nsteps:\n- name: one\n  image: busybox:1\n  commands: [ echo one ]\n`

const register = async (label: string, workerId = randomUUID()) => {
  const answer = await api.call(
    'POST',
    workerPaths.register,
    {
      protocol: 1,
      workerId,
      bootId: randomUUID(),
      name: `worker-${label}`,
      version: '1',
      slots: 1,
      profile: plainProfile({ only: label }),
    },
    { authorization: `Bearer ${workerSecret}` },
  )
  expect(answer.status).toBe(200)
  const { token } = registerReply.parse(answer.json)
  const rpc = (path: string, body: unknown, lease = '') =>
    api.call('POST', path, body, {
      authorization: `Bearer ${token}`,
      ...(lease === '' ? {} : { [leaseHeader]: lease }),
    })
  return { token, rpc, workerId }
}

const submit = async (label: string) => {
  const body = { repository: 'o/n', pipeline: pipeline(label) }
  const build = (await api.call('POST', '/api/builds', body)).json
  return { number: build.number as number, stageId: build.stages[0].id as number }
}

test('registers only with the shared secret, and calls only with the token', async () => {
  for (const authorization of ['', 'Bearer wrong', 'Bearer '])
    expect((await api.call('POST', workerPaths.register, {}, { authorization })).status).toBe(401)
  expect((await api.call('POST', workerPaths.heartbeat, { attempts: [] })).status).toBe(401)
  const { rpc } = await register('auth')
  expect((await rpc(workerPaths.heartbeat, { attempts: [] })).json).toEqual({
    cancelled: [],
    lost: [],
    isDraining: false,
  })
})

test('says which member of a body is wrong', async () => {
  const { rpc } = await register('bad')
  const answer = await rpc(workerPaths.accept(1), { attempt: 1, requestId: 'x' })
  expect(answer.status).toBe(400)
  expect(answer.json.message).toContain('requestId')
  expect((await rpc(workerPaths.heartbeat, 'not json')).status).toBe(400)
})

describe('a stage', () => {
  test('goes from its offer to its end, with its lines, and is read back', async () => {
    const label = 'whole'
    const { rpc } = await register(label)
    const { number, stageId } = await submit(label)
    const offer = (await rpc(workerPaths.take, { waitMs: 0 })).json.offer
    expect(offer).toMatchObject({ stageId, attempt: 1 })
    const question = { attempt: 1, requestId: randomUUID() }
    const accepted = await rpc(workerPaths.accept(stageId), question)
    const { leaseToken } = acceptReply.parse(accepted.json)
    expect((await rpc(workerPaths.accept(stageId), question)).text).toBe(accepted.text)
    const other = await register(label)
    const refused = await other.rpc(workerPaths.accept(stageId), {
      ...question,
      requestId: randomUUID(),
    })
    expect(refused).toMatchObject({ status: 409, json: { code: 'not_pending' } })

    const record = { number: 1, name: 'one', image: 'busybox:1', errIgnore: false, detached: false }
    const started = await rpc(
      workerPaths.start(stageId),
      { attempt: 1, steps: [{ ...record, dependsOn: [] }], grants: [{ step: 1, try: 1 }] },
      leaseToken,
    )
    expect(started.json).toEqual({ ok: true })
    const path = `/api/repos/o/n/builds/${number}`
    expect((await api.call('GET', path)).json.status).toBe('running')
    expect((await api.call('GET', `${path}/logs/1/1`)).status).toBe(404)

    const writer = new LineBlockWriter()
    const lines = Array.from({ length: 3_000 }, (_, i) => Buffer.from(`line ${i}\n`))
    lines.push(Buffer.from([0xff, 0xfe, 0x0a]))
    for (const [i, line] of lines.entries()) writer.add(i, 1, line)
    const block = writer.take()
    const query = `attempt=1&step=1&try=1&first=0&count=${block.count}&bytes=${block.bytes}`
    const segment = await rpc(`${workerPaths.segment(stageId)}?${query}`, block.data, leaseToken)
    expect(segment.json).toEqual({ next: block.count })
    const seal = {
      lines: block.count,
      bytes: block.bytes,
      crc32: crc32(Buffer.concat(lines)),
      gap: '',
    }
    const sealed = { attempt: 1, step: 1, try: 1, seal }
    expect((await rpc(workerPaths.seal(stageId), sealed, leaseToken)).json).toEqual({ ok: true })
    const finish = {
      attempt: 1,
      status: 'success',
      exitCode: 0,
      error: '',
      updates: [{ number: 1, status: 'success', exitCode: 0, error: '' }],
    }
    for (let i = 0; i < 2; i++)
      expect((await rpc(workerPaths.finish(stageId), finish, leaseToken)).json).toEqual({
        ok: true,
      })

    const build = (await api.call('GET', path)).json
    expect(build).toMatchObject({
      status: 'success',
      stages: [
        { status: 'success', machine: 'worker-whole', steps: [{ name: 'one', status: 'success' }] },
      ],
    })
    const log = await api.call('GET', `${path}/logs/1/1`)
    expect(log.headers.get('x-waggle-log-lines')).toBe('3001')
    expect(log.json).toHaveLength(3_001)
    expect(log.json[2_999]).toEqual({ pos: 2_999, out: 'line 2999\n', time: 1 })
    expect(log.json[3_000].out).toBe('\ufffd\ufffd\n')

    const events = await fetch(`${api.url}/api/stream/o/n/${number}/1/1`, {
      headers: { authorization: 'Bearer admin-token-of-the-tests', 'last-event-id': '2998' },
    })
    expect(await events.text()).toBe(
      ': ping\n\n' +
        'id: 2999\ndata: {"pos":2999,"out":"line 2999\\n","time":1}\n\n' +
        'id: 3000\ndata: {"pos":3000,"out":"\ufffd\ufffd\\n","time":1}\n\n' +
        'event: error\ndata: eof\n\n',
    )
    expect((await api.call('DELETE', `${path}/logs/1/1`)).status).toBe(204)
    expect((await api.call('GET', `${path}/logs/1/1`)).status).toBe(404)
  })

  test('cannot be touched by another worker, another attempt or another token', async () => {
    const label = 'fence'
    const holder = await register(label)
    const thief = await register(label)
    const { number, stageId } = await submit(label)
    const requestId = randomUUID()
    const accepted = await holder.rpc(workerPaths.accept(stageId), { attempt: 1, requestId })
    const { leaseToken } = acceptReply.parse(accepted.json)
    const finish = { attempt: 1, status: 'success', exitCode: 0, error: '', updates: [] }
    const lost = { status: 409, json: { code: 'lease_lost' } }
    expect(await thief.rpc(workerPaths.finish(stageId), finish, leaseToken)).toMatchObject(lost)
    expect(await holder.rpc(workerPaths.finish(stageId), finish, 'other')).toMatchObject(lost)
    expect((await holder.rpc(workerPaths.finish(stageId), finish)).status).toBe(401)
    const stale = { ...finish, attempt: 0 }
    expect(await holder.rpc(workerPaths.finish(stageId), stale, leaseToken)).toMatchObject(lost)
    expect((await api.call('GET', `/api/repos/o/n/builds/${number}`)).json.status).toBe('pending')
  })

  test('that is cancelled refuses everything but the acknowledgement', async () => {
    const label = 'cancel'
    const { rpc } = await register(label)
    const { number, stageId } = await submit(label)
    const requestId = randomUUID()
    const accepted = await rpc(workerPaths.accept(stageId), { attempt: 1, requestId })
    const { leaseToken } = acceptReply.parse(accepted.json)
    const path = `/api/repos/o/n/builds/${number}`
    await api.call('DELETE', path)
    const cancelOf = async () => (await api.call('GET', path)).json.stages[0].cancels[0]
    const { requested_ms } = await cancelOf()
    expect(requested_ms).toBeGreaterThan(0)
    expect(await cancelOf()).toEqual({ attempt: 1, worker: expect.any(String), requested_ms })
    const beat = await rpc(workerPaths.heartbeat, { attempts: [{ stageId, attempt: 1 }] })
    expect(beat.json.cancelled).toEqual([{ stageId, attempt: 1 }])
    const grant = { attempt: 1, updates: [], grants: [{ step: 1, try: 1 }] }
    expect(await rpc(workerPaths.grant(stageId), grant, leaseToken)).toMatchObject({
      status: 409,
      json: { code: 'cancelled' },
    })
    const done = { attempt: 1, updates: [] }
    expect((await rpc(workerPaths.acknowledge(stageId), done, leaseToken)).json).toEqual({
      ok: true,
    })
    const { seen_ms, killed_ms } = await cancelOf()
    expect(seen_ms).toBeGreaterThanOrEqual(requested_ms)
    expect(killed_ms).toBeGreaterThanOrEqual(seen_ms)
  })
})

test('waits for an offer without Redis, and gives null when none comes', async () => {
  const { rpc } = await register('later')
  expect((await rpc(workerPaths.take, { waitMs: 50 })).json).toEqual({ offer: null })
  const waiting = rpc(workerPaths.take, { waitMs: 10_000 })
  const { stageId } = await submit('later')
  expect((await waiting).json.offer).toMatchObject({ stageId })
})

test('lists workers for a system admin, without their tokens', async () => {
  const { token, workerId } = await register('listed')
  const answer = await api.call('GET', '/api/workers')
  const row = answer.json.find((worker: { id: string }) => worker.id === workerId)
  expect(row).toMatchObject({ connected: true, slots: 1, labels: { only: 'listed' } })
  expect(answer.text).not.toContain(token)
})
