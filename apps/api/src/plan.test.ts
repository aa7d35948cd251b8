import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRedis, tempFolder } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi(await startRedis(), await tempFolder('plan'))
})
afterAll(() => api?.stop())

const pipeline = `kind: pipeline
name: test
steps:
- name: unit
  image: node
  environment: { TOKEN: { from_secret: token } }
  commands: [ make ]
- { name: release, image: node, commands: [ make ], when: { event: tag } }
---
kind: pipeline
name: nightly
trigger: { cron: nightly }
`

const plan = (more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  api.call('POST', '/api/plan', { repository: 'o/n', pipeline, ...more }, headers)

describe('POST /api/plan', () => {
  test('plans for a repository that nobody registered, and leaves nothing behind', async () => {
    const { status, json } = await plan()
    expect(status).toBe(200)
    expect(json).toMatchObject({ event: 'push', origin: 'own', would_build: true })
    expect(json.stages).toHaveLength(1)
    expect(json.skipped).toEqual([
      {
        name: 'nightly',
        rule: 'trigger.cron',
        reason: 'trigger.cron: (empty) is not in [nightly]',
      },
    ])
    expect((await api.call('GET', '/api/repos/o/n')).status).toBe(404)
  })

  test('says which step would get which secret of the repository, never its value', async () => {
    await api.call('POST', '/api/builds', { repository: 'o/known', pipeline: 'kind: secret\n' })
    const secret = { name: 'token', data: 'very-secret-value' }
    expect((await api.call('POST', '/api/repos/o/known/secrets', secret)).status).toBe(200)
    const own = await plan({ repository: 'o/known' })
    expect(own.json.stages[0].steps.find(isUnit).secrets).toEqual([
      { name: 'token', variable: 'TOKEN', state: 'given', reason: '' },
    ])
    const request = await plan({ repository: 'o/known', event: 'pull_request' })
    expect(request.json).toMatchObject({ origin: 'pull_request', ref: 'refs/pull/1/head' })
    expect(request.json.stages[0].steps.find(isUnit).secrets[0].state).toBe('withheld')
    const fork = await plan({ repository: 'o/known', event: 'pull_request', fork: 'x/known' })
    expect(fork.json.origin).toBe('fork')
    expect(fork.json.stages[0]).toMatchObject({
      status: 'blocked',
      blocked: expect.stringContaining('fork'),
    })
    for (const { text } of [own, request, fork]) expect(text).not.toContain('very-secret-value')
    const builds = await api.call('GET', '/api/repos/o/known/builds')
    expect(builds.json.length).toBeLessThanOrEqual(1)
  })

  test.each([
    ['event and tag', { event: 'tag', tag: 'v1' }, 'refs/tags/v1', ['clone', 'unit', 'release']],
    ['branch', { branch: 'dev' }, 'refs/heads/dev', ['clone', 'unit']],
    ['ref', { ref: 'refs/heads/x' }, 'refs/heads/x', ['clone', 'unit']],
  ])('takes the %s of a hook', async (_, more, ref, names) => {
    const asked = await plan(more)
    expect(asked.json.ref).toBe(ref)
    const running = asked.json.stages[0].steps.filter((step: Step) => step.runs !== 'never')
    // Without an address there is nothing to clone.
    expect(running.map((step: Step) => step.name)).toEqual(names.slice(1))
  })

  test('tells mistakes with their place', async () => {
    const { status, json } = await plan({ pipeline: 'kind: pipeline\nsteps: 7\nname: [ 1 ]\n' })
    expect(status).toBe(200)
    expect(json).toMatchObject({ would_build: false, is_error: true, stages: [] })
    expect(json.issues).toMatchObject([
      { line: 2, path: 'steps' },
      { line: 3, path: 'name' },
    ])
  })

  test('reads the file and the changed files of a source', async () => {
    const repository = join(api.folder, 'hello')
    await mkdir(join(repository, 'docs'), { recursive: true })
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b.c', ...args], {
        cwd: repository,
        encoding: 'utf8',
      }).trim()
    git('init', '--quiet', '--initial-branch=main')
    const step = (name: string, path: string) =>
      `- { name: ${name}, image: b, commands: [ ls ], when: { paths: [ ${path} ] } }\n`
    const text = `kind: pipeline\nsteps:\n${step('docs', 'docs/**')}${step('code', 'src/**')}`
    await writeFile(join(repository, '.drone.yml'), text)
    git('add', '.')
    git('commit', '--quiet', '-m', 'One')
    const before = git('rev-parse', 'HEAD')
    await writeFile(join(repository, 'docs/a.md'), 'a')
    git('add', '.')
    git('commit', '--quiet', '-m', 'Two')
    const source = { url: `file://${repository}`, ref: 'main' }
    const { json } = await plan({ pipeline: undefined, source, before })
    expect(json).toMatchObject({ reason: '', ref: 'refs/heads/main' })
    const runs = json.stages[0].steps.map((one: Step) => [one.name, one.runs])
    expect(runs).toEqual([
      ['clone', 'always'],
      ['docs', 'on-success'],
      ['code', 'never'],
    ])
  })

  test('a source that cannot be read is told, not thrown', async () => {
    const source = { url: `file://${api.folder}/nothing`, ref: 'main' }
    const { status, json } = await plan({ pipeline: undefined, source })
    expect(status).toBe(200)
    expect(json).toMatchObject({ is_error: true, stages: [] })
    expect(json.reason).toContain('configuration:')
  })

  test.each([
    ['nothing to plan', { pipeline: undefined }, 400],
    ['an unknown event', { event: 'party' }, 400],
    ['a bad name', { repository: 'one' }, 400],
    ['a wrong type', { params: 7 }, 400],
    ['a ref that is too long', { branch: 'b'.repeat(501) }, 400],
    ['a text that is too long', { pipeline: 'x'.repeat(5_000_000) }, 413],
  ])('refuses %s', async (_, more, status) => {
    expect((await plan(more)).status).toBe(status)
  })

  test('asks for a token, and for the right to start builds', async () => {
    expect((await plan({}, { authorization: '' })).status).toBe(401)
    expect((await plan({}, { authorization: 'Bearer nobody' })).status).toBe(401)
  })
})

interface Step {
  readonly name: string
  readonly runs: string
}
const isUnit = (step: Step): boolean => step.name === 'unit'
