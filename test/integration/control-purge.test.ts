import { defaultHousekeeping, finishStage, purge, purgeBuilds } from '@waggle/control'
import type { Repo, Retention } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, runningLease } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl

beforeAll(async () => {
  control = await openControl()
})
afterAll(() => control.close())

const dayMs = 86_400_000

/** A finished build whose one step wrote `bytes`. */
const oldBuild = async (repo: Repo, ageDays: number, bytes = 100) => {
  const { database } = control
  const { build, stage } = built(await control.submit(repo, pipeline('a')))
  const [step] = await database.steps.create([
    {
      ...{ stageId: stage.id, number: 1, name: 'a', status: 'success', error: '' },
      ...{ errIgnore: false, exitCode: 0, image: 'a', detached: false, dependsOn: [] },
      ...{ grantedTry: 1, startedAt: 1, stoppedAt: 1 },
    },
  ])
  const key = { stageId: stage.id, attempt: 1, step: 1, try: 1 }
  const data = Buffer.alloc(bytes, 'x')
  await database.logs.append(key, step?.id ?? 0, { first: 0, count: 1, bytes, data })
  await database.logs.seal(key, step?.id ?? 0, { lines: 1, bytes, crc32: 0, gap: '' })
  await database.stages.update(stage.id, { status: 'success', stoppedAt: 1 })
  const finishedAt = (await database.now()) - ageDays * dayMs
  await database.builds.update(build.id, { status: 'success', startedAt: 1, finishedAt })
  return { number: build.number, stepId: step?.id ?? 0 }
}

const numbersOf = async (repo: Repo) =>
  (await control.database.builds.list(repo.id, {}, { offset: 0, limit: 100 })).map(
    (build) => build.number,
  )

const purgeWith = (retention: Partial<Retention>, deliveryDays = 0, workerDays = 0) =>
  purge({
    ...control.deps,
    housekeeping: {
      ...defaultHousekeeping,
      purge: {
        ...defaultHousekeeping.purge,
        retention: { buildDays: 0, buildCount: 0, logDays: 0, ...retention },
        deliveryDays,
        workerDays,
      },
    },
  })

describe('purge', () => {
  it('deletes nothing unless somebody says so', async () => {
    const repo = await control.repo()
    await oldBuild(repo, 10_000)
    await purgeWith({})
    expect(await numbersOf(repo)).toEqual([1])
  })

  it('deletes builds by age and by count, and never one that is not over', async () => {
    const { database } = control
    const repo = await control.repo()
    const { build } = built(await control.submit(repo, pipeline('a')))
    for (const age of [50, 40, 30, 20, 10]) await oldBuild(repo, age)
    await database.purge.setRetention(repo.id, { buildDays: 35, buildCount: null, logDays: null })
    await purgeWith({})
    expect(await numbersOf(repo)).toEqual([6, 5, 4, build.number])
    await purgeWith({ buildCount: 2 })
    expect(await numbersOf(repo)).toEqual([6, 5, build.number])
    expect(await database.builds.find(build.id)).toMatchObject({ status: 'pending' })
  })

  it('deletes logs by age, and keeps the builds', async () => {
    const { database } = control
    const repo = await control.repo()
    const old = await oldBuild(repo, 20)
    const young = await oldBuild(repo, 2)
    await purgeWith({ logDays: 7 })
    expect(await numbersOf(repo)).toEqual([2, 1])
    expect(await database.logs.findLatest(old.stepId)).toBeNull()
    expect(await database.logs.findLatest(young.stepId)).not.toBeNull()
  })

  it('follows a repository that keeps everything, whatever the server says', async () => {
    const repo = await control.repo()
    await oldBuild(repo, 100)
    const rules = { buildDays: 0, buildCount: 0, logDays: 0 }
    await control.database.purge.setRetention(repo.id, rules)
    await purgeWith({ buildDays: 1, buildCount: 1, logDays: 1 })
    expect(await numbersOf(repo)).toEqual([1])
  })

  it('deletes deliveries, after which a repeat is a new one', async () => {
    const repo = await control.repo()
    const again = () => control.submit(repo, pipeline('a'), { deliveryKey: 'k' })
    expect(await again()).toMatchObject({ isRepeat: false })
    expect(await again()).toMatchObject({ isRepeat: true })
    await purgeWith({}, 1)
    expect(await again()).toMatchObject({ isRepeat: true })
    const { database } = control
    await database.purge.deleteDeliveries((await database.now()) + 1_000, 1_000)
    expect(await again()).toMatchObject({ isRepeat: false })
  })

  it('forgets workers that were not heard of, but those that hold something, and never a name in the history', async () => {
    const { database } = control
    const repo = await control.repo()
    const { stage } = built(await control.submit(repo, pipeline('a')))
    const [gone, holding] = [await control.worker(), await control.worker()]
    const lease = await runningLease(control, holding, stage.id)
    await purgeWith({}, 0, 1)
    expect(await database.workers.find(gone.id)).not.toBeNull()
    const secondDays = 1_000 / dayMs
    await waitUntil('a second of silence', async () => {
      await purgeWith({}, 0, secondDays)
      return (await database.workers.find(gone.id)) === null
    })
    expect(await database.workers.find(holding.id)).not.toBeNull()
    await finishStage(control.deps, lease, passed)
    await purgeWith({}, 0, secondDays)
    expect(await database.workers.find(holding.id)).toBeNull()
    expect(await database.stages.find(stage.id)).toMatchObject({ machine: holding.name })
  })

  it('by number leaves what is running', async () => {
    const repo = await control.repo()
    for (const age of [3, 2, 1]) await oldBuild(repo, age)
    const running = built(await control.submit(repo, pipeline('a')))
    await runningLease(control, await control.worker(), running.stage.id)
    const rule = { kind: 'number_before', number: 3 } as const
    expect(await purgeBuilds(control.deps, repo, rule)).toBe(2)
    expect(await purgeBuilds(control.deps, repo, { ...rule, number: 100 })).toBe(1)
    expect(await numbersOf(repo)).toEqual([running.build.number])
  })

  it('lets others write between its pieces', async () => {
    const repo = await control.repo()
    const other = await control.repo()
    for (let count = 0; count < 6; count++) await oldBuild(repo, 5, 2 * 1024 * 1024)
    let isOver = false
    const purging = purgeWith({ buildDays: 1 }).then(() => {
      isOver = true
    })
    let written = 0
    while (!isOver) {
      await control.submit(other, pipeline('a'))
      written++
    }
    await purging
    expect(written).toBeGreaterThan(1)
    expect(await numbersOf(repo)).toEqual([])
  })

  it('stops when it is told to', async () => {
    const repo = await control.repo()
    await oldBuild(repo, 5)
    const rule = { kind: 'number_before', number: 9 } as const
    expect(await purgeBuilds(control.deps, repo, rule, AbortSignal.abort())).toBe(0)
    expect(await numbersOf(repo)).toEqual([1])
  })
})
