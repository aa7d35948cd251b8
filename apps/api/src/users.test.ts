import { randomUUID } from 'node:crypto'
import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api-users'))
})
afterAll(() => api?.stop())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const makeUser = async (more: object = {}) => {
  const login = `ann-${randomUUID().slice(0, 8)}`
  const answer = await api.call('POST', '/api/users', { login, ...more })
  expect(answer.status).toBe(200)
  return { login, token: answer.json.token as string, made: answer.json }
}
const makeRepo = async (more: object = {}) => {
  const slug = `acme/${randomUUID().slice(0, 8)}`
  const body = { slug, git_http_url: 'https://git.example/acme/app.git', ...more }
  expect((await api.call('POST', '/api/repos', body)).status).toBe(200)
  return slug
}

describe('users (rest-api.md §7.9)', () => {
  test('are made with a token that works, listed, found by login and id, and deleted', async () => {
    const { login, token, made } = await makeUser({ machine: true })
    expect(made).toMatchObject({ login, machine: true, admin: false, active: true })
    expect((await api.call('GET', '/api/user', undefined, bearer(token))).json.login).toBe(login)
    const listed = (await api.call('GET', '/api/users?per_page=1000')).json as { login: string }[]
    expect(listed.map((user) => user.login)).toEqual(
      listed.map((user) => user.login).toSorted((a, b) => a.localeCompare(b)),
    )
    for (const name of [login.toUpperCase(), String(made.id)])
      expect((await api.call('GET', `/api/users/${name}`)).json).toMatchObject({ login })
    expect((await api.call('DELETE', `/api/users/${login}`)).status).toBe(204)
    expect((await api.call('DELETE', `/api/users/${login}`)).status).toBe(404)
    expect((await api.call('GET', '/api/user', undefined, bearer(token))).status).toBe(401)
  })

  test('take a token that is given, and show it to nobody', async () => {
    const token = `given-${randomUUID()}`
    const { made, login } = await makeUser({ token })
    expect(made).not.toHaveProperty('token')
    expect((await api.call('GET', '/api/user', undefined, bearer(token))).json.login).toBe(login)
    const again = await api.call('POST', '/api/users', { login: `${login}2`, token })
    expect(again.status).toBe(409)
  })

  test.each([
    ['', 'Invalid username length'],
    ['a'.repeat(51), 'Invalid username length'],
    ['a b', 'Invalid character in username'],
    ['ä', 'Invalid character in username'],
  ])('are refused with the login %j', async (login, message) => {
    const answer = await api.call('POST', '/api/users', { login })
    expect([answer.status, answer.json.message]).toEqual([400, message])
  })

  test('are refused twice with one login, whatever its case', async () => {
    const { login } = await makeUser()
    const again = await api.call('POST', '/api/users', { login: login.toUpperCase() })
    expect(again.status).toBe(409)
  })

  test('become admins and cease to be; who is deactivated is none', async () => {
    const { login, token } = await makeUser()
    const path = `/api/users/${login}`
    expect((await api.call('GET', '/api/users', undefined, bearer(token))).status).toBe(403)
    expect((await api.call('PATCH', path, { admin: true })).json.admin).toBe(true)
    expect((await api.call('GET', '/api/users', undefined, bearer(token))).status).toBe(200)
    const off = await api.call('PATCH', path, { active: false, admin: true })
    expect(off.json).toMatchObject({ active: false, admin: false })
    expect((await api.call('GET', '/api/users', undefined, bearer(token))).status).toBe(403)
    expect((await api.call('GET', '/api/user', undefined, bearer(token))).status).toBe(200)
  })

  test('keep one admin', async () => {
    const { login } = (await api.call('GET', '/api/user')).json
    for (const body of [{ admin: false }, { active: false }])
      expect((await api.call('PATCH', `/api/users/${login}`, body)).status).toBe(409)
    const answer = await api.call('DELETE', `/api/users/${login}`)
    expect([answer.status, answer.json.message]).toEqual([
      409,
      'This is the last system admin; make another one first.',
    ])
    expect((await api.call('GET', '/api/users')).status).toBe(200)
  })

  test('get a new token, and the old one stops at once', async () => {
    const { login, token } = await makeUser()
    const rotated = (await api.call('POST', `/api/users/${login}/token/rotate`)).json
    expect(rotated.message).toBe('Token rotated successfully.')
    expect((await api.call('GET', '/api/user', undefined, bearer(token))).status).toBe(401)
    const own = await api.call('POST', '/api/user/token', '', bearer(rotated.token))
    expect(own.json).toMatchObject({ login, token: rotated.token })
    const next = await api.call('POST', '/api/user/token?rotate=true', '', bearer(rotated.token))
    expect(next.json.token).not.toBe(rotated.token)
    expect((await api.call('GET', '/api/user', undefined, bearer(next.json.token))).status).toBe(
      200,
    )
    expect((await api.call('GET', '/api/user', undefined, bearer(rotated.token))).status).toBe(401)
  })

  test('change their own address, and nothing else', async () => {
    const { token } = await makeUser()
    const change = (body: object) => api.call('PATCH', '/api/user', body, bearer(token))
    const changed = await change({ email: 'ann@example.org', admin: true })
    expect(changed.json).toMatchObject({ email: 'ann@example.org', admin: false })
    expect((await change({})).json.email).toBe('')
  })
})

describe('collaborators (rest-api.md §7.1)', () => {
  const set = (slug: string, login: string, rights: object, token = adminToken) =>
    api.call('PUT', `/api/repos/${slug}/collaborators/${login}`, rights, bearer(token))

  test('may what they were let do, and to others the repository is not there', async () => {
    const [slug, ann, bob] = [await makeRepo(), await makeUser(), await makeUser()]
    const repo = `/api/repos/${slug}`
    const statuses = async () => {
      const calls = [
        ['GET', repo],
        ['GET', `${repo}/deliveries`],
        ['GET', `${repo}/collaborators`],
        ['PATCH', repo],
      ] as const
      const answers = calls.map(([method, path]) =>
        api.call(method, path, method === 'PATCH' ? {} : undefined, bearer(ann.token)),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    expect(await statuses()).toEqual([404, 404, 404, 404])
    expect((await set(slug, ann.login, { read: true })).json).toEqual({
      ...{ read: true, write: false, admin: false },
    })
    expect(await statuses()).toEqual([200, 404, 200, 404])
    await set(slug, ann.login, { write: true })
    expect(await statuses()).toEqual([200, 200, 200, 404])
    expect((await set(slug, bob.login, { read: true }, ann.token)).status).toBe(404)
    await set(slug, ann.login, { admin: true })
    expect(await statuses()).toEqual([200, 200, 200, 200])
    expect((await set(slug, bob.login, { read: true }, ann.token)).status).toBe(200)
    const shown = await api.call('GET', repo, undefined, bearer(bob.token))
    expect(shown.json.permissions).toEqual({ read: true, write: false, admin: false })
    const all = (await api.call('GET', `${repo}/collaborators`)).json as { login: string }[]
    expect(all.map(({ login }) => login)).toEqual([ann.login, bob.login].toSorted())
    await api.call('PATCH', `/api/users/${ann.login}`, { active: false })
    expect(await statuses()).toEqual([403, 403, 403, 403])
    expect((await api.call('DELETE', `${repo}/collaborators/${bob.login}`)).status).toBe(204)
    expect((await api.call('DELETE', `${repo}/collaborators/${bob.login}`)).status).toBe(404)
    expect((await api.call('GET', repo, undefined, bearer(bob.token))).status).toBe(404)
  })

  test.each([
    ['nobody', { read: true }, 404],
    ['ann', {}, 400],
    ['ann', { admin: false }, 400],
    ['ann', { read: 'yes' }, 400],
  ])('are refused: %s with %j', async (name, rights, status) => {
    const { login } = await makeUser()
    const slug = await makeRepo()
    expect((await set(slug, name === 'ann' ? login : name, rights)).status).toBe(status)
  })

  test('see their repositories with the newest build, admins see all', async () => {
    const [slug, hidden, ann] = [await makeRepo(), await makeRepo(), await makeUser()]
    await set(slug, ann.login, { write: true })
    const pipeline = 'kind: pipeline\nsteps: [{ name: one, image: busybox }]\n'
    const submit = (repository: string, token: string) =>
      api.call('POST', '/api/builds', { repository, pipeline }, bearer(token))
    expect((await submit(slug, ann.token)).status).toBe(200)
    expect((await submit(slug, ann.token)).status).toBe(200)
    expect((await submit(hidden, ann.token)).status).toBe(404)
    expect((await submit(hidden, adminToken)).status).toBe(200)
    const get = async (path: string, token = ann.token) =>
      (await api.call('GET', path, undefined, bearer(token))).json as {
        slug: string
        build?: { number: number }
      }[]
    expect(await get('/api/user/repos')).toMatchObject([{ slug }])
    expect((await get('/api/user/repos'))[0]).not.toHaveProperty('build')
    expect(await get('/api/user/repos?latest=true')).toMatchObject([{ slug, build: { number: 2 } }])
    for (const path of ['/api/user/builds', '/api/user/builds/recent'])
      expect((await get(path)).map((one) => [one.slug, one.build?.number])).toEqual([
        [slug, 2],
        [slug, 1],
      ])
    const all = (await get('/api/user/repos', adminToken)).map((one) => one.slug)
    expect(all).toEqual(expect.arrayContaining([slug, hidden]))
    expect(all).toEqual(all.toSorted())
    expect((await get('/api/user/builds', adminToken))[0]).toMatchObject({ slug: hidden })
    expect(await get(`/api/users/${ann.login}/repos`, adminToken)).toMatchObject([{ slug }])
    const synced = await api.call('POST', '/api/user/repos?async=true', '', bearer(ann.token))
    expect(synced.status).toBe(204)
  })

  test('above whose priority nobody but its admins starts builds', async () => {
    const [slug, ann] = [await makeRepo(), await makeUser()]
    const pipeline = 'kind: pipeline\nsteps: [{ name: one, image: busybox }]\n'
    const submit = (priority: number) =>
      api.call('POST', '/api/builds', { repository: slug, pipeline, priority }, bearer(ann.token))
    await set(slug, ann.login, { write: true })
    expect((await submit(1)).status).toBe(403)
    expect((await submit(-1)).status).toBe(200)
    await set(slug, ann.login, { admin: true })
    expect((await submit(1)).status).toBe(200)
  })
})
