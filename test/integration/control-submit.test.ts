import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { makeHook } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const isOffered = async (stage: { id: number; partition: string }) =>
  (await control.redis.command('EXISTS', `{test}:${stage.partition}:${stage.id}-1`)).startsWith(
    ':1',
  )

describe('submitting a build', () => {
  it('stores build and stages and offers those that may run', async () => {
    const repo = await control.repo({ throttle: 3 })
    const text = manifest(pipeline('a'), pipeline('b', 'a'))
    const { build, stages } = built(await control.submit(repo, text))
    expect(build).toMatchObject({ number: 1, status: 'pending', error: '', trigger: 'ann' })
    expect(stages.map(({ name, number, status }) => [name, number, status])).toEqual([
      ['a', 1, 'pending'],
      ['b', 2, 'waiting_on_dependencies'],
    ])
    expect(stages[0]).toMatchObject({ os: 'linux', arch: 'amd64', throttle: 3, attempt: 0 })
    expect(stages[1]?.dependsOn).toEqual(['a'])
    expect(await Promise.all(stages.map(isOffered))).toEqual([true, false])
    expect(await control.database.builds.findManifest(build.id)).toBe(text)
    await waitUntil('the outbox', async () => (await control.database.outbox.list(10)).length === 0)
  })

  it('makes 20 deliveries with one key one build', async () => {
    const repo = await control.repo()
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        control.submit(repo, pipeline('a'), { deliveryKey: 'delivery-1' }),
      ),
    )
    const builds = results.map((result) => built(result).build.id)
    expect(new Set(builds).size).toBe(1)
    const repeats = results.filter((result) => result.kind === 'built' && result.isRepeat)
    expect(repeats).toHaveLength(19)
    expect((await control.database.repos.find(repo.id))?.counter).toBe(1)
    const other = await control.submit(repo, pipeline('a'), { deliveryKey: 'delivery-2' })
    expect(built(other).build.number).toBe(2)
  })

  it('numbers builds without a gap, whatever becomes of them', async () => {
    const repo = await control.repo()
    const texts = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 'kind: [' : pipeline('a')))
    const results = await Promise.all(
      texts.map((text, i) => control.submit(repo, text, { deliveryKey: `key ${i % 25}` })),
    )
    const numbers = new Set(
      results.map((result) => (result.kind === 'built' ? result.build.number : 0)),
    )
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
  })

  it.each([
    ['broken YAML', 'kind: [', /line \d+, column \d+/],
    ['a file of 2 MiB', `# ${'x'.repeat(2 * 1024 * 1024)}`, /./],
    ['no text', ' \n', /empty/],
    ['an unknown dependency', pipeline('a', 'zzz'), /dependency/],
    ['a NUL in a name', pipeline('"a\\0b"'), /./],
  ])('makes %s a build in error that says why', async (_, text, message) => {
    const result = await control.submit(await control.repo(), text)
    if (result.kind !== 'built') throw new Error(result.reason)
    expect(result.stages).toEqual([])
    expect(result.build).toMatchObject({ status: 'error', number: 1 })
    expect(result.build.finishedAt).toBeGreaterThan(0)
    expect(result.build.error).toMatch(message)
    expect(result.build.error.length).toBeLessThan(4_100)
  })

  it('skips by directive, and where no pipeline matches, with the reason kept', async () => {
    const repo = await control.repo()
    const hook = makeHook({ event: 'push', message: 'x [CI SKIP]', target: 'main' })
    const directive = await control.submit(repo, pipeline('a'), { hook, deliveryKey: 'k' })
    expect(directive).toMatchObject({
      kind: 'skipped',
      reason: expect.stringContaining('[ci skip]'),
    })
    expect(await control.database.deliveries.findByKey(repo.id, 'k')).toMatchObject({
      buildId: 0,
      reason: expect.stringContaining('[ci skip]'),
    })
    const text = `${pipeline('a')}trigger: { branch: release }\n`
    const none = await control.submit(repo, text, { deliveryKey: 'k' })
    expect(none).toMatchObject({
      kind: 'skipped',
      reason: expect.stringContaining('trigger.branch'),
    })
    expect((await control.database.repos.find(repo.id))?.counter).toBe(0)
    // The same delivery may build later on.
    expect(
      built(await control.submit(repo, pipeline('a'), { deliveryKey: 'k' })).build.number,
    ).toBe(1)
  })

  it('blocks what a stranger sent until somebody approves', async () => {
    const repo = await control.repo()
    const hook = makeHook({
      trigger: '@hook',
      event: 'pull_request',
      ref: 'refs/pull/1/head',
      fork: 'evil/app',
    })
    const { build, stages } = built(await control.submit(repo, pipeline('a'), { hook }))
    expect(build).toMatchObject({ status: 'pending', sourceRepo: 'evil/app' })
    expect(stages.map((stage) => stage.status)).toEqual(['blocked'])
    expect(await Promise.all(stages.map(isOffered))).toEqual([false])
  })

  it('reads the manifest and the commit from a git repository', async () => {
    const folder = `${control.folder}/repo`
    const cloneUrl = `file://${folder}`
    const sha = makeRepository(folder, pipeline('from-git'))
    const repo = await control.repo({ gitHttpUrl: cloneUrl })
    const hook = makeHook({ trigger: '@hook', event: 'push', ref: 'refs/heads/main' })
    const request = { repo, hook, cloneUrl, manifest: 'fetch', resolve: true } as const
    const { build, stages } = built(await control.submit(repo, '', request))
    expect(build).toMatchObject({ after: sha, message: 'first', target: 'main', cloneUrl })
    expect(build.authorEmail).toBe('ann@example.com')
    expect(stages.map((stage) => stage.name)).toEqual(['from-git'])
  })

  const fetched = async (name: string, configPath: string) => {
    const hook = makeHook({ trigger: '@hook', event: 'push', ref: 'refs/heads/main' })
    return control.submit(await control.repo({ configPath }), '', {
      ...{ hook, cloneUrl: `file://${control.folder}/${name}`, manifest: 'fetch', resolve: true },
    })
  }

  it('makes a repository that is not there a build in error', async () => {
    const result = await fetched('nowhere', '.drone.yml')
    expect(result).toMatchObject({ kind: 'built', stages: [], build: { status: 'error' } })
    expect(result.kind === 'built' && result.build.error).toMatch(/configuration: /)
  })

  it('builds nothing of a commit without a pipeline file, and says so', async () => {
    makeRepository(`${control.folder}/other`, pipeline('a'))
    expect(await fetched('other', 'missing.yml')).toMatchObject({
      kind: 'skipped',
      reason: expect.stringMatching(
        /^configuration: missing.yml is not in the repository at commit /,
      ),
    })
  })
})

const makeRepository = (folder: string, text: string): string => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/.drone.yml`, text)
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim()
  git('init', '-q', '-b', 'main')
  git('add', '.')
  const author = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com']
  git(...author, 'commit', '-q', '-m', 'first')
  return git('rev-parse', 'HEAD')
}
