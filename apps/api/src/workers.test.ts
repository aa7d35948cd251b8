import { randomUUID } from 'node:crypto'
import { protocolVersion, workerPaths } from '@waggle/contract'
import { plainProfile, startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('workers'))
})
afterAll(() => api?.stop())

const register = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
  const workerId = randomUUID()
  const body = {
    ...{ protocol: protocolVersion, workerId, bootId: randomUUID(), name, version: '1', slots: 1 },
    profile: plainProfile(labels),
  }
  const authorization = `Bearer ${workerSecret}`
  const { json } = await api.call('POST', workerPaths.register, body, { authorization })
  const rpc = (path: string, question: unknown) =>
    api.call('POST', path, question, { authorization: `Bearer ${json.token}` })
  return { workerId, rpc }
}

const submit = async (label: string) =>
  (
    await api.call('POST', '/api/builds', {
      repository: 'me/app',
      pipeline: `kind: pipeline\nname: test\nnode: {${label}}\nsteps:\n- {name: a, image: b, commands: [c]}\n`,
    })
  ).json

const explain = async (build: number, stage = 1, headers: Readonly<Record<string, string>> = {}) =>
  api.call('GET', `/api/repos/me/app/builds/${build}/stages/${stage}/explain`, undefined, headers)

test('workers are listed with state, slots and what they run, drained, resumed and forgotten', async () => {
  const { workerId, rpc } = await register('bee', { of: 'registry' })
  const build = await submit('of: registry')
  const list = async () =>
    (await api.call('GET', '/api/workers')).json.find((one: { id: string }) => one.id === workerId)
  expect(await list()).toMatchObject({
    ...{ name: 'bee', state: 'idle', slots: 1, running: 0, labels: { of: 'registry' } },
    ...{ os: 'linux', arch: 'amd64', version: '1', draining: false, drained_since: 0 },
  })
  const path = `/api/workers/${workerId}`
  const drained = await api.call('POST', `${path}/drain`)
  expect(drained.json).toMatchObject({ state: 'drained', drained_by: 'admin', stages: [] })
  expect((await rpc(workerPaths.heartbeat, { attempts: [] })).json.isDraining).toBe(true)
  const { id: stageId } = build.stages[0]
  const question = () => ({ attempt: 1, requestId: randomUUID() })
  const refused = await rpc(workerPaths.accept(stageId), question())
  expect([refused.status, refused.json.code]).toEqual([409, 'draining'])
  expect((await explain(build.number)).json.reasons).toMatchObject([{ code: 'workers_drained' }])

  expect((await api.call('POST', `${path}/resume`)).json).toMatchObject({ state: 'idle' })
  expect((await rpc(workerPaths.accept(stageId), question())).status).toBe(200)
  expect((await api.call('GET', path)).json).toMatchObject({
    state: 'busy',
    running: 1,
    stages: [{ repo: 'me/app', build: build.number, stage: 1, name: 'test', attempt: 1 }],
  })
  expect((await api.call('POST', `${path}/drain`)).json.state).toBe('draining')
  const kept = await api.call('DELETE', path)
  expect([kept.status, kept.json.message]).toEqual([
    409,
    expect.stringContaining('is not gone') as string,
  ])
  for (const [method, where] of [
    ['GET', ''],
    ['POST', '/drain'],
    ['POST', '/resume'],
    ['DELETE', ''],
  ] as const)
    expect((await api.call(method, `/api/workers/nobody${where}`)).status).toBe(404)
})

test('a stage that waits is explained to who may read it and has a token', async () => {
  await register('worker-of-secrets', { of: 'explain' })
  const build = await submit('of: nobody')
  expect(build.warnings).toMatchObject([{ code: 'no_worker', stages: [1] }])
  expect(JSON.stringify(build.warnings)).not.toContain('worker-of-secrets')
  expect(build.stages[0]).toMatchObject({ position: 1, starts_in: null, ends_in: null })
  const answer = await explain(build.number)
  expect(answer.json).toMatchObject({
    ...{ build: build.number, stage: 1, name: 'test', status: 'pending', state: 'waiting' },
    ...{ position: 1, queue_depth: 1, duration: null, starts_in: null, past_attempts: [] },
  })
  expect(answer.json.reasons[0]).toMatchObject({
    code: 'no_worker',
    nearest: [{ differs: [{ attribute: 'labels', stage: 'of=nobody' }] }, {}],
  })
  expect(answer.json.reasons[0].message).toContain('"worker-of-secrets" (idle)')
  expect((await explain(build.number, 1, { authorization: '' })).status).toBe(401)
  expect((await explain(build.number, 2)).status).toBe(404)
  expect((await explain(9_999)).status).toBe(404)

  await api.call('DELETE', '/api/queue')
  const paused = await explain(build.number)
  expect(paused.json.reasons.map(({ code }: { code: string }) => code)).toEqual([
    'no_worker',
    'paused',
  ])
  expect(paused.json.reasons[1]).toMatchObject({ by: 'admin' })
  await api.call('POST', '/api/queue')
  const queue = (await api.call('GET', '/api/queue')).json
  const row = queue.find((stage: { build_id: number }) => stage.build_id === build.id)
  expect(row).toMatchObject({ position: 1, starts_in: null })
})
