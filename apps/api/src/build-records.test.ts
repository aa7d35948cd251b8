import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRedis, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signature, startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
let signer: string
let head: string
const repo = '/api/repos/me/records'
const before = 'b'.repeat(40)

beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('records'))
  const repository = join(api.folder, 'records')
  await mkdir(repository)
  await writeFile(join(repository, '.drone.yml'), 'kind: pipeline\nname: a\n')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], {
      cwd: repository,
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'Greet')
  git('tag', 'v1.2.3')
  head = git('rev-parse', 'HEAD')
  const made = await api.call('POST', '/api/repos', {
    slug: 'me/records',
    git_http_url: `file://${repository}`,
  })
  signer = made.json.signer
})
afterAll(() => api?.stop())

interface Build {
  readonly number: number
  readonly cron?: string
  readonly [field: string]: unknown
}

const send = async (delivery: string, body: object): Promise<Build> => {
  const text = JSON.stringify(body)
  const headers = { authorization: '', 'x-waggle-delivery': delivery, ...signature(signer, text) }
  const answer = await waitUntil('the delivery to be worked on', async () => {
    const one = await api.call('POST', '/hook/me/records', text, headers)
    return one.status === 202 ? null : one
  })
  return answer.json
}

const start = async (path: string): Promise<Build> =>
  (await api.call('POST', `${repo}/builds${path}`)).json

/** A cron's build is made after the answer. */
const runCron = async (): Promise<Build> => {
  await api.call('POST', `${repo}/cron`, { name: 'nightly', expr: '@yearly', branch: 'main' })
  await api.call('POST', `${repo}/cron/nightly`)
  const number = await waitUntil('the build of the cron', async () => {
    const { json } = await api.call('GET', `${repo}/builds?per_page=100`)
    return (json as Build[]).find(({ cron }) => cron === 'nightly')?.number ?? null
  })
  return (await api.call('GET', `${repo}/builds/${number}`)).json
}

/** The fields of the table; what is left out of an answer is empty. */
const recordOf = (build: Build) => {
  const text = (name: string) => build[name] ?? ''
  return {
    ...{ event: text('event'), trigger: text('trigger'), action: text('action') },
    ...{ message: text('message'), before: text('before'), after: text('after') },
    ...{ ref: text('ref'), source: text('source'), target: text('target') },
    ...{ source_repo: text('source_repo'), author: text('author_name'), sender: text('sender') },
    ...{
      parent: build['parent'] ?? 0,
      deploy_to: text('deploy_to'),
      deploy_id: build['deploy_id'] ?? 0,
    },
    ...{ cron: text('cron'), params: build['params'] ?? {}, debug: build['debug'] ?? false },
  }
}

/** environment.md §15. A plain git repository tells neither links nor avatars. */
describe('the record of a build', () => {
  const nothing = {
    ...{ action: '', message: 'Greet', before: '', source_repo: '', author: 'Ada', sender: '' },
    ...{ parent: 0, deploy_to: '', deploy_id: 0, cron: '', params: {}, debug: false },
  }
  const onMain = { ref: 'refs/heads/main', source: 'main', target: 'main' }

  it('of a push, and of what is made of it', async () => {
    const push = { ...nothing, ...onMain, event: 'push', trigger: '@hook', before, after: head }
    const params = { mode: 'old', kept: 'k' }
    const build = await send('push', { ref: 'main', after: head, before, params })
    expect(recordOf(build)).toEqual({ ...push, params })
    const parent = build.number
    const by = { trigger: 'admin', parent }
    expect(recordOf(await start(`/${parent}/promote?target=live&mode=new`))).toEqual({
      ...{ ...push, ...by, event: 'promote', deploy_to: 'live' },
      params: { mode: 'new', kept: 'k' },
    })
    expect(recordOf(await start(`/${parent}/rollback?target=live&more=1`))).toEqual({
      ...{ ...push, ...by, event: 'rollback', deploy_to: 'live' },
      params: { ...params, more: '1' },
    })
    expect(recordOf(await start(`/${parent}?debug=true&mode=new&more=1`))).toEqual({
      ...{ ...push, ...by, debug: true },
      params: { ...params, more: '1' },
    })
  })

  it('of a tag, and of its promotion and restart', async () => {
    const ref = { ref: 'refs/tags/v1.2.3', source: '', target: '' }
    const tag = { ...nothing, ...ref, event: 'tag', action: 'create', after: head }
    const build = await send('tag', { ref: 'refs/tags/v1.2.3', after: head })
    expect(recordOf(build)).toEqual({ ...tag, trigger: '@hook' })
    const by = { trigger: 'admin', parent: build.number }
    const promoted = await start(`/${build.number}/promote?target=staging`)
    const promotion = { ...tag, ...by, event: 'promote', deploy_to: 'staging' }
    expect(recordOf(promoted)).toEqual(promotion)
    expect(recordOf(await start(`/${promoted.number}`))).toEqual({
      ...promotion,
      parent: promoted.number,
    })
  })

  it('of a call for a branch, which is the default one where none is named', async () => {
    const custom = {
      ...{ ...nothing, ...onMain, event: 'custom', trigger: 'admin', sender: 'admin' },
      ...{ before: head, after: head, params: { region: 'eu' } },
    }
    expect(recordOf(await start('?branch=main&region=eu'))).toEqual(custom)
    expect(recordOf(await start('?region=eu'))).toEqual(custom)
  })

  it('of a cron, and of its promotion and restart', async () => {
    const build = await runCron()
    const cron = {
      ...{ ...nothing, ...onMain, event: 'cron', source: '', sender: 'Ada' },
      ...{ cron: 'nightly', after: head },
    }
    expect(recordOf(build)).toEqual({ ...cron, trigger: '@cron' })
    const by = { trigger: 'admin', parent: build.number }
    const promoted = await start(`/${build.number}/promote?target=live`)
    expect(recordOf(promoted)).toEqual({ ...cron, ...by, event: 'promote', deploy_to: 'live' })
    expect(recordOf(await start(`/${build.number}`))).toEqual({ ...cron, ...by })
  })
})
