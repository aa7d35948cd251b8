import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
const path = '/api/repos/ada/hello/cron'

beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('api'))
  const folder = join(api.folder, 'hello')
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, '.drone.yml'),
    'kind: pipeline\nname: a\nsteps:\n- name: a\n  image: b:1\n  commands: ["true"]\n',
  )
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], { cwd: folder })
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'Greet')
  await api.call('POST', '/api/repos', { slug: 'ada/hello', git_http_url: `file://${folder}` })
})
afterAll(() => api?.stop())

describe('cron jobs', () => {
  test('are made, read, changed and deleted, in the shapes of Drone', async () => {
    expect((await api.call('GET', path)).json).toEqual([])
    const wish = { name: 'Nightly Build', expr: '0 0 4 * * *', branch: 'main', event: 'tag' }
    const made = await api.call('POST', path, wish)
    expect(made).toMatchObject({
      status: 200,
      json: {
        name: 'nightly-build',
        expr: '0 0 4 * * *',
        event: 'push',
        branch: 'main',
        prev: 0,
        disabled: false,
      },
    })
    expect(made.json.next % 86_400).toBe(4 * 3_600)
    expect(made.json.next).toBeGreaterThan(Date.now() / 1_000)
    expect(made.json).not.toHaveProperty('target')
    expect((await api.call('POST', path, wish)).status).toBe(409)
    expect((await api.call('GET', `${path}/nightly-build`)).json).toEqual(made.json)
    const changed = await api.call('PATCH', `${path}/nightly-build`, {
      event: null,
      branch: 'dev',
      target: 'x',
      disabled: true,
    })
    expect(changed).toMatchObject({
      status: 200,
      json: { branch: 'dev', target: 'x', disabled: true, next: made.json.next },
    })
    const moved = await api.call('PATCH', `${path}/nightly-build`, { timezone: 'Asia/Kolkata' })
    expect(moved.json).toMatchObject({ timezone: 'Asia/Kolkata' })
    expect(moved.json.next % 86_400).toBe(22.5 * 3_600)
    expect((await api.call('GET', path)).json).toHaveLength(1)
    for (let turn = 0; turn < 2; turn++)
      expect((await api.call('DELETE', `${path}/nightly-build`)).status).toBe(204)
    expect((await api.call('GET', `${path}/nightly-build`)).status).toBe(404)
  })

  test('take a change that cannot be read as none', async () => {
    await api.call('POST', path, { name: 'calm', expr: '@daily', branch: 'main' })
    for (const body of [undefined, [], { disabled: 'yes', branch: 'dev' }]) {
      const answer = await api.call('PATCH', `${path}/calm`, body)
      expect(answer).toMatchObject({ status: 200, json: { name: 'calm', branch: 'main' } })
    }
    const wrong = await api.call('PATCH', `${path}/calm`, { expr: 'x', branch: 'dev' })
    expect(wrong.status).toBe(400)
    expect((await api.call('GET', `${path}/calm`)).json).toMatchObject({ branch: 'main' })
    await api.call('DELETE', `${path}/calm`)
  })

  test.each([
    [{ expr: '@daily', branch: 'main' }, 'Invalid Cronjob Name'],
    [{ name: 'x', branch: 'main' }, 'Invalid Cronjob Expression: has 0 fields'],
    [{ name: 'x', expr: '0 61 * * * *', branch: 'main' }, 'field 2 (minute): 61'],
    [{ name: 'x', expr: '0 0 0 30 2 *', branch: 'main' }, 'no day of any year matches'],
    [{ name: 'x', expr: '@daily' }, 'Invalid Cronjob Branch'],
    [{ name: 'x', expr: '@daily', branch: 'main', timezone: 'Mars' }, 'is not a time zone'],
  ])('%j is 400 with a reason', async (wish, message) => {
    const answer = await api.call('POST', path, wish)
    expect(answer.status).toBe(400)
    expect(answer.json.message).toContain(message)
  })

  test('run at once, also while they are disabled', async () => {
    const wish = { name: 'now', expr: '@yearly', branch: 'main', disabled: true }
    await api.call('POST', path, wish)
    const built = await api.call('POST', `${path}/now`)
    expect(built).toMatchObject({
      status: 200,
      json: {
        event: 'cron',
        trigger: '@cron',
        cron: 'now',
        ref: 'refs/heads/main',
        target: 'main',
        author_name: 'Ada',
      },
    })
    await api.call('PATCH', `${path}/now`, { branch: 'gone' })
    expect((await api.call('POST', `${path}/now`)).status).toBe(404)
    expect((await api.call('POST', `${path}/other`)).status).toBe(404)
  })

  test('are for those who may write', async () => {
    const guest = await api.call('GET', path, undefined, { authorization: '' })
    expect(guest.status).toBe(401)
  })
})

describe('old builds', () => {
  const builds = '/api/repos/ada/hello/builds'

  test('are deleted up to a number, those that are not over stay', async () => {
    for (let count = 0; count < 3; count++) await api.call('POST', `${builds}?branch=main`)
    const numbers = async () =>
      (await api.call('GET', builds)).json.map((build: { number: number }) => build.number)
    const [newest = 0, second = 0, third = 0, ...older] = (await numbers()) as number[]
    for (const number of [second, third, ...older]) await api.call('DELETE', `${builds}/${number}`)
    expect((await api.call('DELETE', `${builds}?before=${second}`)).status).toBe(204)
    expect(await numbers()).toEqual([newest, second])
    expect((await api.call('DELETE', `${builds}?before=1000000`)).status).toBe(204)
    expect(await numbers()).toEqual([newest])
  })

  test.each(['', 'before=', 'before=x', 'before=-1', 'before=1e3', 'before=9999999999999999999'])(
    '%j is no number to delete up to',
    async (query) => {
      expect((await api.call('DELETE', `${builds}?${query}`)).status).toBe(400)
    },
  )

  test('are kept as long as the repository says', async () => {
    const rules = '/api/repos/ada/hello/retention'
    const none = { builds_days: null, builds_keep: null, logs_days: null }
    expect((await api.call('GET', rules)).json).toEqual(none)
    const set = await api.call('PATCH', rules, { builds_days: 30, logs_days: 0 })
    expect(set.json).toEqual({ builds_days: 30, builds_keep: null, logs_days: 0 })
    expect((await api.call('PATCH', rules, { builds_days: -1 })).json).toEqual({
      ...none,
      logs_days: 0,
    })
    for (const wrong of [{ builds_days: -2 }, { builds_keep: 'x' }, { logs_days: 1.5 }])
      expect((await api.call('PATCH', rules, wrong)).status).toBe(400)
  })
})
