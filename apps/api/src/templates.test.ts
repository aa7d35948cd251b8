import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
const token = 'token-of-ada-in-the-tests'
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
  // No account can be made over the API yet.
  const database = new DatabaseSync(join(api.folder, 'waggle.db'), { timeout: 10_000 })
  const hash = createHash('sha256').update(token).digest('hex')
  database
    .prepare(
      `insert into users (login, login_key, email, machine, admin, active, avatar, created_at, updated_at, last_login_at, token_hash)
       values ('Ada', 'ada', '', 0, 0, 1, '', 1, 1, 1, ?)`,
    )
    .run(hash)
  database.close()
})
afterAll(() => api?.stop())

const asAda = (method: string, path: string, body?: unknown) =>
  api.call(method, path, body, { authorization: `Bearer ${token}` })

describe('templates', () => {
  test('are made, read, changed and deleted', async () => {
    const body = { name: 'plugin.yaml', data: 'kind: pipeline\n' }
    const made = await api.call('POST', '/api/templates/octocat', body)
    expect(made).toMatchObject({ status: 200, json: { ...body, namespace: 'octocat' } })
    expect(made.json.created).toBeGreaterThan(1_700_000_000)
    expect(await api.call('POST', '/api/templates/OctoCat', body)).toMatchObject({ status: 409 })
    const path = '/api/templates/octocat/plugin.yaml'
    expect((await api.call('GET', path)).json).toEqual(made.json)
    for (const method of ['PATCH', 'PUT']) {
      const changed = await api.call(method, path, {
        data: `kind: ${method}`,
        namespace: 'octocat',
      })
      expect(changed).toMatchObject({ status: 200, json: { data: `kind: ${method}` } })
    }
    expect((await api.call('PATCH', path, { namespace: 'other' })).status).toBe(400)
    const listed = await api.call('GET', '/api/templates/octocat')
    expect(listed.json).toMatchObject([{ name: 'plugin.yaml' }])
    expect((await api.call('DELETE', path)).status).toBe(204)
    expect((await api.call('GET', path)).status).toBe(404)
    expect((await api.call('DELETE', path)).status).toBe(404)
  })

  test('of all namespaces are for admins, with and without a slash at the end', async () => {
    await api.call('POST', '/api/templates/a', { name: 'x.yml', data: 'x' })
    for (const path of ['/api/templates', '/api/templates/']) {
      expect((await api.call('GET', path)).json).toMatchObject([{ namespace: 'a', name: 'x.yml' }])
      expect((await asAda('GET', path)).status).toBe(403)
    }
  })

  test('of a namespace are for whoever it is named after', async () => {
    const body = { name: 'x.jsonnet', data: '{}' }
    expect(await asAda('POST', '/api/templates/ada', body)).toMatchObject({ status: 200 })
    expect(await asAda('GET', '/api/templates/ADA/x.jsonnet')).toMatchObject({ status: 200 })
    const refused = { status: 401, json: { message: 'Forbidden' } }
    expect(await asAda('GET', '/api/templates/octocat')).toMatchObject(refused)
    expect(await asAda('POST', '/api/templates/octocat', body)).toMatchObject(refused)
    expect(await asAda('PATCH', '/api/templates/octocat/x.yml', {})).toMatchObject(refused)
    expect(await asAda('DELETE', '/api/templates/octocat/x.yml')).toMatchObject(refused)
    const guest = await api.call('GET', '/api/templates/ada', undefined, { authorization: '' })
    expect(guest.status).toBe(401)
  })

  test('are made by old command lines, which name the namespace in the body', async () => {
    const body = { name: 'old.yml', data: 'x', namespace: 'Ada' }
    expect(await asAda('POST', '/api/templates', body)).toMatchObject({ status: 200 })
    expect((await asAda('POST', '/api/templates', { ...body, namespace: 'b' })).status).toBe(401)
  })

  test.each([
    [{ data: 'x' }, 'No Template Name Provided'],
    [{ name: 'x.yml' }, 'No Template Data Provided'],
    [{ name: 'x.txt', data: 'x' }, 'Template extension invalid. Must be yaml, starlark or jsonnet'],
    [
      { name: 'a/b.yml', data: 'x' },
      'Template extension invalid. Must be yaml, starlark or jsonnet',
    ],
    [{ name: 'x.yml', data: 'a\u0000b' }, 'data: holds a NUL character'],
    [{ name: 'x.yml', data: 'x'.repeat(1_100_000) }, 'data'],
  ])('%j is 400 with a reason', async (body, message) => {
    const answer = await api.call('POST', '/api/templates/octocat', body)
    expect(answer.status).toBe(400)
    expect(answer.json.message).toContain(message)
  })
})

describe('a repository whose file is a program', () => {
  let folder: string
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], { cwd: folder })
  const build = () => api.call('POST', '/api/repos/ada/hello/builds?branch=main&colour=blue')

  beforeAll(async () => {
    folder = join(api.folder, 'hello')
    await mkdir(join(folder, 'lib'), { recursive: true })
    await writeFile(
      join(folder, '.drone.jsonnet'),
      `local lib = import 'lib/step.libsonnet';
[{ kind: 'pipeline', name: std.extVar('build.param.colour'), steps: [lib.step('a')] },
 { kind: 'pipeline', name: std.extVar('repo.slug'), steps: [lib.step('b')] }]`,
    )
    await writeFile(
      join(folder, 'lib/step.libsonnet'),
      "{ step(name): { name: name, image: 'b:1', commands: ['true'] } }",
    )
    git('init', '--quiet', '--initial-branch=main')
    git('add', '.')
    git('commit', '--quiet', '-m', 'Greet')
    const body = { slug: 'ada/hello', git_http_url: `file://${folder}` }
    await api.call('POST', '/api/repos', body)
    await api.call('PATCH', '/api/repos/ada/hello', { config_path: '.drone.jsonnet' })
  })

  test('is built from what the program gives, with its imports from the same commit', async () => {
    const answer = await build()
    expect(answer.json).toMatchObject({
      status: 'pending',
      stages: [{ name: 'blue' }, { name: 'ada/hello' }],
    })
  })

  test('gets a build in error that says where the program is wrong', async () => {
    await writeFile(join(folder, '.drone.jsonnet'), "{\n  kind: import 'gone'\n}")
    git('commit', '--quiet', '-a', '-m', 'Break')
    const answer = await build()
    expect(answer.json).toMatchObject({
      status: 'error',
      error: 'jsonnet: .drone.jsonnet:2:16: gone is not in the repository',
    })
    expect(answer.json.stages ?? []).toEqual([])
  })

  test('may load a template of its namespace', async () => {
    await api.call('POST', '/api/templates/Ada', {
      name: 'make.yml',
      data: 'kind: pipeline\nname: {{ .input.name }}\nsteps:\n- name: a\n  image: b:1\n',
    })
    await writeFile(
      join(folder, '.drone.yml'),
      'kind: template\nload: make.yml\ndata: {name: api}\n',
    )
    git('add', '.')
    git('commit', '--quiet', '-m', 'Load')
    await api.call('PATCH', '/api/repos/ada/hello', { config_path: '.drone.yml' })
    expect((await build()).json).toMatchObject({ status: 'pending', stages: [{ name: 'api' }] })
  })

  test('loads templates also in files that are sent with the call, and in plans', async () => {
    const pipeline = 'kind: template\nload: make.yml\ndata: {name: sent}\n'
    const body = { repository: 'ada/hello', pipeline }
    const built = await api.call('POST', '/api/builds', body)
    expect(built.json).toMatchObject({ status: 'pending', stages: [{ name: 'sent' }] })
    const planned = await api.call('POST', '/api/plan', body)
    expect(planned.json).toMatchObject({ stages: [{ name: 'sent' }] })
    const wrong = { ...body, pipeline: 'kind: template\nload: other.yml\n' }
    expect((await api.call('POST', '/api/plan', wrong)).json).toMatchObject({
      reason: 'template converter: template name given not found: other.yml',
    })
  })
})
