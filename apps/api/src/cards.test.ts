import { randomUUID } from 'node:crypto'
import { acceptReply, leaseHeader, registerReply, workerPaths } from '@waggle/contract'
import { plainProfile, startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, workerSecret } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api-cards'))
})
afterAll(() => api?.stop())

const profile = plainProfile()
const pipeline = 'kind: pipeline\nname: default\nsteps: [{ name: one, image: busybox }]\n'

/** A build whose only step runs, with its worker's way to call. */
const runStep = async () => {
  const body = { repository: 'o/n', pipeline }
  const build = (await api.call('POST', '/api/builds', body)).json
  const stageId = build.stages[0].id as number
  const ids = { workerId: randomUUID(), bootId: randomUUID() }
  const registered = await api.call(
    'POST',
    workerPaths.register,
    { protocol: 1, ...ids, name: 'w', version: '1', slots: 1, profile },
    { authorization: `Bearer ${workerSecret}` },
  )
  const authorization = `Bearer ${registerReply.parse(registered.json).token}`
  const question = { attempt: 1, requestId: randomUUID() }
  const accepted = await api.call('POST', workerPaths.accept(stageId), question, { authorization })
  const { leaseToken } = acceptReply.parse(accepted.json)
  const rpc = (path: string, sent: unknown, token = leaseToken) =>
    api.call('POST', path, sent, { authorization, [leaseHeader]: token })
  const record = { number: 1, name: 'one', image: 'b', errIgnore: false, detached: false }
  await rpc(workerPaths.start(stageId), {
    ...{ attempt: 1, grants: [{ step: 1, try: 1 }] },
    steps: [{ ...record, dependsOn: [] }],
  })
  return {
    rpc,
    stageId,
    build: `/api/repos/o/n/builds/${build.number}`,
    card: `/api/repos/o/n/cards/${build.number}/1/1`,
  }
}

const schema = 'https://schemas.example/card.json'

describe('F64 cards', () => {
  test('F64 what a worker brings is served as it is, its schema on the step', async () => {
    const { rpc, stageId, build, card } = await runStep()
    expect((await api.call('GET', card)).status).toBe(404)
    const sent = { attempt: 1, step: 1, try: 1, schema, data: { passed: [1, 'ü', null] } }
    for (let i = 0; i < 2; i++)
      expect((await rpc(workerPaths.card(stageId), sent)).json).toEqual({ ok: true })
    const answer = await api.call('GET', card)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.text).toBe('{"passed":[1,"ü",null]}')
    const { stages } = (await api.call('GET', build)).json
    expect(stages[0].steps[0]).toMatchObject({ status: 'running', schema })
  })

  test('F64 a worker brings them only for a step that it was granted', async () => {
    const { rpc, stageId, card } = await runStep()
    const sent = { attempt: 1, step: 1, try: 1, schema, data: 1 }
    expect((await rpc(workerPaths.card(stageId), sent, 'x'.repeat(43))).status).toBe(409)
    expect((await rpc(workerPaths.card(stageId), { ...sent, attempt: 2 })).status).toBe(409)
    expect((await rpc(workerPaths.card(stageId), { ...sent, try: 2 })).status).toBe(400)
    expect((await rpc(workerPaths.card(stageId), { ...sent, step: 2 })).status).toBe(400)
    expect((await rpc(workerPaths.card(stageId), { ...sent, schema: 7 })).status).toBe(400)
    const large = { ...sent, data: 'x'.repeat(1_100_000) }
    expect((await rpc(workerPaths.card(stageId), large)).status).toBe(400)
    expect((await api.call('GET', card)).status).toBe(404)
  })

  test('F64 an admin may put, replace and remove one', async () => {
    const { build, card } = await runStep()
    const step = async () => (await api.call('GET', build)).json.stages[0].steps[0]
    const put = await api.call('POST', card, { schema, data: ['a'] })
    expect(put).toMatchObject({ status: 200, json: (await step()).id })
    await api.call('POST', card, { schema: `${schema}#2`, data: { b: 1 } })
    expect((await api.call('GET', card)).text).toBe('{"b":1}')
    expect((await step()).schema).toBe(`${schema}#2`)
    expect((await api.call('POST', card, { data: 1 })).status).toBe(400)
    expect((await api.call('DELETE', card)).status).toBe(204)
    expect((await api.call('GET', card)).status).toBe(404)
    expect(await step()).not.toHaveProperty('schema')
  })

  test('F64 nobody else may, and a step that is not there has none', async () => {
    const { card } = await runStep()
    const nobody = { authorization: '' }
    expect((await api.call('POST', card, { schema, data: 1 }, nobody)).status).toBe(401)
    expect((await api.call('DELETE', card, undefined, nobody)).status).toBe(401)
    for (const path of [card.replace(/1$/, '7'), card.replace('/cards/', '/cards/9')])
      expect((await api.call('GET', path)).status).toBe(404)
    expect((await api.call('GET', card.replace(/1$/, 'x'))).status).toBe(400)
  })
})
