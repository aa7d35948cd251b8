import {
  acceptStage,
  cancelBuild,
  finishStage,
  offerAfterLoss,
  restartBuild,
} from '@waggle/control'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const limited = (name: string, limit: number): string =>
  `${pipeline(name)}concurrency: {limit: ${limit}}\n`

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `s${index + 1}`)

describe.each(['sqlite', 'postgres'] as const)('bad input on %s', (database) => {
  let control: TestControl

  beforeAll(async () => {
    control = await openControl({ database })
  })
  afterAll(() => control.close())

  it.each([
    ['a pipeline that depends on itself', [pipeline('a', 'a')]],
    ['two that depend on each other', [pipeline('a', 'b'), pipeline('b', 'a')]],
    ['a ring of three', [pipeline('a', 'c'), pipeline('b', 'a'), pipeline('c', 'b')]],
    ['a dependency that is not in the file', [pipeline('a', 'nobody')]],
  ])(
    '%s is a build in error that names the place, and nothing is offered',
    async (_, documents) => {
      const result = await control.submit(await control.repo(), manifest(...documents))
      expect(result).toMatchObject({ kind: 'built', stages: [], build: { status: 'error' } })
      expect(result.kind === 'built' && result.build.error).toMatch(/depend/)
      expect(result.kind === 'built' && result.build.finishedAt).toBeGreaterThan(0)
    },
  )

  it('500 stages in one build are stored and offered, and one more is an error that names the limit', async () => {
    const repo = await control.repo()
    const most = built(
      await control.submit(repo, manifest(...numbered(500).map((name) => pipeline(name)))),
    )
    expect(most.stages).toHaveLength(500)
    const { partition } = most.stage
    expect((await control.deps.offers.depths([partition])).get(partition)).toBeGreaterThanOrEqual(
      500,
    )
    const more = await control.submit(
      repo,
      manifest(...numbered(501).map((name) => pipeline(name))),
    )
    expect(more).toMatchObject({ kind: 'built', stages: [], build: { status: 'error' } })
    expect(more.kind === 'built' && more.build.error).toMatch(/500/)
    await cancelBuild(control.deps, most.build, 'ann')
  })

  it.each([0, -1])('a limit of %s is none: all are offered and accepted', async (limit) => {
    const repo = await control.repo()
    const worker = await control.worker()
    const text = limited('deploy', limit)
    const stages = [await control.submit(repo, text), await control.submit(repo, text)].map(
      (one) => built(one).stage,
    )
    for (const { id, isLimited } of stages) {
      expect(isLimited).toBe(false)
      const answer = await acceptStage(control.deps, worker, id, { attempt: 1, requestId: `${id}` })
      expect(answer.kind).toBe('accepted')
    }
  })

  it('restarts of one build that come together are builds of their own, numbered without a gap', async () => {
    const { deps } = control
    const repo = await control.repo()
    const { build } = built(await control.submit(repo, pipeline('a')))
    await cancelBuild(deps, build, 'ann')
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        restartBuild(deps, repo, build, { by: 'ann', params: {}, deliveryKey: `again ${index}` }),
      ),
    )
    const numbers = results.map((one) => built(one).build.number).toSorted((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, index) => index + 2))
    expect((await deps.database.builds.find(build.id))?.status).toBe('killed')
  })

  it('a cancel of what has finished changes nothing, however often it is asked for', async () => {
    const { deps } = control
    const { build, stage } = built(await control.submit(await control.repo(), pipeline('a')))
    const lease = await runningLease(control, await control.worker(), stage.id)
    expect(await finishStage(deps, lease, passed)).toEqual({ kind: 'ok' })
    const before = await deps.database.builds.find(build.id)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => cancelBuild(deps, build, 'ann')),
    )
    expect(answers.map(({ isCancelled }) => isCancelled)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
    expect(await deps.database.builds.find(build.id)).toEqual(before)
  })

  it('10,000 pending stages come back after Redis lost everything', async () => {
    const { deps, redis } = control
    const repo = await control.repo()
    const text = manifest(...numbered(500).map((name) => pipeline(name)))
    const builds = []
    for (let made = 0; made < 10_000; made += 500)
      builds.push(built(await control.submit(repo, text)))
    await redis.command('FLUSHALL')
    expect(await offerAfterLoss(deps)).toBeGreaterThanOrEqual(10_000)
    const partition = builds[0]?.stage.partition ?? ''
    expect((await deps.offers.depths([partition])).get(partition)).toBeGreaterThanOrEqual(10_000)
  })
})
