import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signature, startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
let signer = ''
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
  const made = await api.call('POST', '/api/repos', { slug: 'o/n', git_http_url: '' })
  signer = made.json.signer
})
afterAll(() => api?.stop())

/** Members by which parsed data reaches a prototype where somebody merges it. */
const keys = ['__proto__', 'constructor', 'prototype', '__defineGetter__', 'toString'] as const
const values = [
  '{"polluted":true}',
  '{"prototype":{"polluted":true}}',
  '{"__proto__":{"polluted":true}}',
  '{"admin":true,"trusted":true,"polluted":true}',
] as const
const payloads = keys.flatMap((key) => values.map((value) => `{"${key}":${value}}`))

const inside = (text: string) => text.slice(1, -1)
const json = { 'content-type': 'application/json' }
const plan = (pipeline: string) =>
  api.call('POST', '/api/plan', { pipeline, repository: 'o/n', event: 'push' })

/** Each way by which strangers' data comes in. */
const entries: Readonly<Record<string, (payload: string) => Promise<{ readonly status: number }>>> =
  {
    'a pipeline file': (payload) => plan(`kind: pipeline\nx: &x ${payload}\n<<: *x\n`),
    'settings of a step': (payload) =>
      plan(`kind: pipeline\nsteps: [{name: a, image: b, settings: ${payload}}]\n`),
    'variables of a step': (payload) =>
      plan(`kind: pipeline\nsteps: [{name: a, image: b, environment: ${payload}}]\n`),
    'labels of a pipeline': (payload) => plan(`kind: pipeline\nnode: ${payload}\n`),
    'data of a template': (payload) => plan(`kind: template\nload: a.yaml\ndata: ${payload}\n`),
    'an old pipeline': (payload) => plan(`pipeline:\n  a: ${payload}\nmatrix: ${payload}\n`),
    'a Jsonnet program': (payload) =>
      api.call('POST', '/api/plan', { pipeline: payload, config_path: '.drone.jsonnet' }),
    'a submission': (payload) => api.call('POST', '/api/builds', payload, json),
    'parameters of a build': (payload) =>
      api.call(
        'POST',
        '/api/builds',
        `{"repository":"o/n","pipeline":"kind: pipeline","params":${payload}}`,
        json,
      ),
    'a query': (payload) => {
      const [key] = Object.keys(JSON.parse(payload) as object)
      const text = encodeURIComponent(String(key))
      return api.call('POST', `/api/repos/o/n/builds?${text}[polluted]=true&${text}=1&branch=main`)
    },
    'a header': (payload) => {
      const [key] = payload.match(/\w+/) ?? ['']
      return api.call('GET', '/api/repos', undefined, { [key]: 'polluted', accept: payload })
    },
    'a webhook': (payload) => {
      const body = `{"ref":"refs/heads/main","after":"${'a'.repeat(40)}",${inside(payload)}}`
      return api.call('POST', '/hook/o/n', body, { ...json, ...signature(signer, body) })
    },
    'settings of a repository': (payload) => api.call('PATCH', '/api/repos/o/n', payload, json),
    'a secret': (payload) =>
      api.call(
        'POST',
        '/api/repos/o/n/secrets',
        `{"name":"a","data":"b",${inside(payload)}}`,
        json,
      ),
    'a user': (payload) =>
      api.call('POST', '/api/users', `{"login":"eve","email":"",${inside(payload)}}`, json),
  }

const shapeOf = (value: object) =>
  Reflect.ownKeys(value).map((key) => [key, Object.getOwnPropertyDescriptor(value, key)])

describe('data that names a prototype (threats.md T-42)', () => {
  it('is tried in some 200 forms and more', () => {
    expect(payloads.length * Object.keys(entries).length).toBeGreaterThanOrEqual(200)
  })

  it.each(Object.entries(entries))('in %s changes none, and is answered', async (_, send) => {
    const before = [Object, Array, Function, Map, String].map(({ prototype }) => shapeOf(prototype))
    for (const payload of payloads) {
      const { status } = await send(payload)
      expect({ payload, isAnswered: status >= 200 && status < 500 }).toEqual({
        payload,
        isAnswered: true,
      })
      for (const name of ['polluted', 'admin', 'trusted'])
        expect(({} as Record<string, unknown>)[name]).toBeUndefined()
    }
    const after = [Object, Array, Function, Map, String].map(({ prototype }) => shapeOf(prototype))
    expect(after).toEqual(before)
  })

  it('makes nobody an admin, and nothing trusted', async () => {
    const { json: repo } = await api.call('GET', '/api/repos/o/n')
    expect(repo).toMatchObject({ slug: 'o/n', trusted: false })
    const { json: users } = await api.call('GET', '/api/users')
    const admins = users.filter((user: { admin: boolean }) => user.admin)
    expect(admins).toHaveLength(1)
    expect(admins[0].login).not.toBe('eve')
  })
})
