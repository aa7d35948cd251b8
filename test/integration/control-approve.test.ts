import { approveStage, cancelBuild, declineBuild, declineStage, finishStage } from '@waggle/control'
import { makeHook } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

/** A build of a fork's pull request: all its stages wait for an approval. */
const blocked = async (...pipelines: readonly string[]) => {
  const hook = makeHook({
    trigger: '@hook',
    event: 'pull_request',
    ref: 'refs/pull/1/head',
    fork: 'evil/app',
  })
  const result = await control.submit(await control.repo(), manifest(...pipelines), { hook })
  return built(result).build
}

const statuses = async (build: { readonly id: number }) =>
  (await control.database.stages.listByBuild(build.id)).map(({ status }) => status)

const statusOf = async (build: { readonly id: number }) =>
  (await control.database.builds.find(build.id))?.status

const isOffered = async (build: { readonly id: number }, at: number) => {
  const stage = (await control.database.stages.listByBuild(build.id))[at]
  const key = `{test}:${stage?.partition}:${stage?.id}-1`
  return (await control.redis.command('EXISTS', key)).startsWith(':1')
}

const run = async (build: { readonly id: number }, at: number) => {
  const stage = (await control.database.stages.listByBuild(build.id))[at]
  const lease = await runningLease(control, await control.worker(), stage?.id ?? 0)
  await finishStage(control.deps, lease, passed)
}

describe('approving and declining', () => {
  it('offers an approved stage, and leaves the others blocked', async () => {
    const build = await blocked(pipeline('a'), pipeline('b'))
    await approveStage(control.deps, build, 1, 'ann')
    expect(await statuses(build)).toEqual(['pending', 'blocked'])
    expect(await Promise.all([isOffered(build, 0), isOffered(build, 1)])).toEqual([true, false])
    await run(build, 0)
    expect(await statuses(build)).toEqual(['success', 'blocked'])
    expect(await statusOf(build)).toBe('running')
  })

  it('lets an approved stage wait for its dependencies', async () => {
    const build = await blocked(pipeline('a'), pipeline('b', 'a'))
    await approveStage(control.deps, build, 2, 'ann')
    expect(await statuses(build)).toEqual(['blocked', 'waiting_on_dependencies'])
    await approveStage(control.deps, build, 1, 'ann')
    await run(build, 0)
    expect(await statuses(build)).toEqual(['success', 'pending'])
  })

  it('wakes a stage whose dependencies were done before it was approved', async () => {
    const build = await blocked(pipeline('a'), pipeline('b', 'a'))
    await approveStage(control.deps, build, 1, 'ann')
    await run(build, 0)
    await approveStage(control.deps, build, 2, 'ann')
    expect(await statuses(build)).toEqual(['success', 'pending'])
    expect(await isOffered(build, 1)).toBe(true)
    await run(build, 1)
    expect(await statusOf(build)).toBe('success')
  })

  it('refuses what is not blocked or not there, and changes nothing', async () => {
    const build = await blocked(pipeline('a'))
    await approveStage(control.deps, build, 1, 'ann')
    const refused = { kind: 'invalid', message: expect.stringContaining('Status "pending"') }
    await expect(approveStage(control.deps, build, 1, 'ann')).rejects.toMatchObject(refused)
    await expect(declineStage(control.deps, build, 1, 'ann')).rejects.toMatchObject(refused)
    await expect(declineBuild(control.deps, build, 'ann')).rejects.toMatchObject(refused)
    await expect(approveStage(control.deps, build, 9, 'ann')).rejects.toMatchObject({
      kind: 'not_found',
    })
    await expect(approveStage(control.deps, { id: 0 }, 1, 'ann')).rejects.toMatchObject({
      kind: 'not_found',
    })
    expect(await statuses(build)).toEqual(['pending'])
    const cancelled = await blocked(pipeline('a'))
    await cancelBuild(control.deps, cancelled, 'ann')
    await expect(approveStage(control.deps, cancelled, 1, 'ann')).rejects.toMatchObject({
      kind: 'invalid',
    })
  })

  it('declines the build with all that waits', async () => {
    const build = await blocked(pipeline('a'), pipeline('b', 'a'), pipeline('c'))
    await approveStage(control.deps, build, 2, 'ann')
    await declineStage(control.deps, build, 1, 'ann')
    expect(await statuses(build)).toEqual(['declined', 'declined', 'declined'])
    const { status, finishedAt } = (await control.database.builds.find(build.id)) ?? {}
    expect([status, (finishedAt ?? 0) > 0]).toEqual(['declined', true])
  })

  it('declines all stages, or none', async () => {
    const build = await blocked(pipeline('a'), pipeline('b'))
    await declineBuild(control.deps, build, 'ann')
    expect(await statuses(build)).toEqual(['declined', 'declined'])
    const other = await blocked(pipeline('a'), pipeline('b'))
    await approveStage(control.deps, other, 2, 'ann')
    await expect(declineBuild(control.deps, other, 'ann')).rejects.toMatchObject({
      kind: 'invalid',
    })
    expect(await statuses(other)).toEqual(['blocked', 'pending'])
    expect(await statusOf(other)).toBe('pending')
  })
})
