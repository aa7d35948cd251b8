import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRedis, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signature, startTestApi, type TestApi } from './test-api.ts'

const manifest = `kind: pipeline
name: first
---
kind: pipeline
name: second
depends_on: [ first ]
---
kind: pipeline
name: docs
trigger: { paths: [ docs/** ] }
`

let api: TestApi
let signer: string
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('approval'))
  const repository = join(api.folder, 'hello')
  await mkdir(repository)
  await writeFile(join(repository, '.drone.yml'), manifest)
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], {
      cwd: repository,
    })
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'Greet')
  const made = await api.call('POST', '/api/repos', {
    slug: 'me/hello',
    git_http_url: `file://${repository}`,
  })
  signer = made.json.signer
  await api.call('PATCH', '/api/repos/me/hello', { protected: true })
})
afterAll(() => api?.stop())

const blocked = async (): Promise<string> => {
  const body = JSON.stringify({ ref: 'refs/heads/main', changed_files: ['src/a.ts'] })
  const headers = { authorization: '', ...signature(signer, body) }
  const builds = '/api/repos/me/hello/builds'
  const newest = async () => ((await api.call('GET', builds)).json[0]?.number ?? 0) as number
  const before = await newest()
  await api.call('POST', '/hook/me/hello', body, headers)
  // On a busy machine the answer comes before the build.
  const number = await waitUntil('the build', async () => {
    const seen = await newest()
    return seen > before ? seen : null
  })
  return `${builds}/${number}`
}

const statuses = async (build: string) => {
  const { json } = await api.call('GET', build)
  return [json.status, ...json.stages.map((stage: { status: string }) => stage.status)]
}

test('a build says which pipelines are no stages of it, and by which rule', async () => {
  const { json } = await api.call('GET', await blocked())
  const rule = 'trigger.paths'
  const reason = `${rule}: none of 1 changed files is in [docs/**]`
  expect(json.skipped).toEqual([{ name: 'docs', rule, reason }])
})

test('approves stage by stage', async () => {
  const build = await blocked()
  expect(await statuses(build)).toEqual(['pending', 'blocked', 'blocked'])
  expect((await api.call('POST', `${build}/approve/2`)).status).toBe(204)
  expect((await api.call('POST', `${build}/approve/1`)).status).toBe(204)
  expect(await statuses(build)).toEqual(['pending', 'pending', 'waiting_on_dependencies'])
  const again = await api.call('POST', `${build}/approve/1`)
  expect([again.status, again.json.message]).toEqual([
    400,
    'Cannot approve a Pipeline with Status "pending"',
  ])
})

test('declines a stage, or the whole build', async () => {
  const [one, whole] = [await blocked(), await blocked()]
  expect((await api.call('POST', `${one}/decline/1`)).status).toBe(204)
  expect((await api.call('POST', `${whole}/decline`)).status).toBe(204)
  for (const build of [one, whole])
    expect(await statuses(build)).toEqual(['declined', 'declined', 'declined'])
  expect((await api.call('POST', `${whole}/decline`)).status).toBe(400)
})

test('knows neither builds nor stages that are not there', async () => {
  const build = await blocked()
  for (const path of [`${build}/approve/9`, `${build}/decline/9`, `${build}999/approve/1`])
    expect((await api.call('POST', path)).status).toBe(404)
})
