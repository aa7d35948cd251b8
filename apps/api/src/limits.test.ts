import { randomUUID } from 'node:crypto'
import { leaseHeader, workerPaths } from '@waggle/contract'
import { plainProfile, startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('limits'))
  await api.call('POST', '/api/repos', { slug: 'me/app' })
})
afterAll(() => api?.stop())

const build = async (more: object) => {
  const pipeline = 'kind: pipeline\nname: deploy\nconcurrency: { limit: 1 }\n'
  return api.call('POST', '/api/builds', { repository: 'me/app', pipeline, ...more })
}

test('a repository has a priority, which its builds may change', async () => {
  const patch = (priority: unknown) => api.call('PATCH', '/api/repos/me/app', { priority })
  expect((await patch(2)).json).toMatchObject({ priority: 2 })
  const [own, low, high] = [
    await build({}),
    await build({ priority: -10 }),
    await build({ priority: 10 }),
  ]
  expect(own.status).toBe(200)
  expect((await patch(0)).json.priority).toBeUndefined()
  const { json } = await api.call('GET', '/api/queue')
  const priorities = new Map(
    json.map((stage: { id: number; priority?: number }) => [stage.id, stage.priority]),
  )
  expect([own, low, high].map((answer) => priorities.get(answer.json.stages[0].id))).toEqual([
    2, -10, 10,
  ])
})

test.each([11, -11, 1.5, 'high', null])('refuses the priority %j', async (priority) => {
  const answers = [
    await api.call('PATCH', '/api/repos/me/app', { priority }),
    await build({ priority }),
  ]
  expect(answers.map(({ status }) => status)).toEqual(priority === null ? [200, 200] : [400, 400])
})

test.each([-1, 1.5, 'all'])('refuses the throttle %j', async (throttle) => {
  expect((await api.call('PATCH', '/api/repos/me/app', { throttle })).status).toBe(400)
})

test('a stage that keeps no place has none to give up', async () => {
  const { json } = await build({})
  const path = `/api/repos/me/app/builds/${json.number}/release`
  const answer = await api.call('POST', `${path}/1`)
  expect([answer.status, answer.json.message]).toEqual([
    409,
    'The stage keeps no place under a limit',
  ])
  expect((await api.call('POST', `${path}/2`)).status).toBe(404)
  expect((await api.call('POST', `${path}/1`, undefined, { authorization: '' })).status).toBe(401)
})

test('a lost stage keeps its place until its worker says that nothing is left of it', async () => {
  const build = async () => {
    const pipeline = 'kind: pipeline\nname: ship\nnode: { only: lost }\nconcurrency: { limit: 1 }\n'
    return (await api.call('POST', '/api/builds', { repository: 'me/app', pipeline })).json
  }
  const [first, second] = [await build(), await build()]
  const stageId = first.stages[0].id
  const worker = await register()
  const question = { attempt: 1, requestId: randomUUID() }
  const accepted = await worker.rpc(workerPaths.accept(stageId), question)
  const step = {
    number: 1,
    name: 'a',
    image: 'b',
    errIgnore: false,
    detached: false,
    dependsOn: [],
  }
  const start = { attempt: 1, steps: [step], grants: [{ step: 1, try: 1 }] }
  await worker.rpc(workerPaths.start(stageId), start, accepted.json.leaseToken)
  const next = await register(worker.workerId)
  const take = async () => (await next.rpc(workerPaths.take, { waitMs: 0 })).json.offer
  const left = { attempts: [], left: [{ stageId, attempt: 1 }] }
  expect((await next.rpc(workerPaths.held, left)).status).toBe(200)
  expect(await take()).toBeNull()
  expect((await next.rpc(workerPaths.held, { attempts: [], left: [] })).status).toBe(200)
  expect(await take()).toMatchObject({ stageId: second.stages[0].id })
})

const register = async (workerId = randomUUID()) => {
  const profile = plainProfile({ only: 'lost' })
  const answer = await api.call(
    'POST',
    workerPaths.register,
    { protocol: 1, workerId, bootId: randomUUID(), name: 'bee', version: '1', slots: 1, profile },
    { authorization: `Bearer ${workerSecret}` },
  )
  const rpc = (path: string, body: unknown, lease = '') =>
    api.call('POST', path, body, {
      authorization: `Bearer ${answer.json.token}`,
      ...(lease === '' ? {} : { [leaseHeader]: lease }),
    })
  return { rpc, workerId }
}
