import { randomUUID } from 'node:crypto'
import {
  acceptStage,
  approveStage,
  cancelBuild,
  noteDelivery,
  redeliver,
  resumeDeliveries,
  retryFailed,
  type SubmitRequest,
} from '@waggle/control'
import { isDone, isWaggleError, makeHook } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

let control: TestControl
beforeAll(async () => {
  control = await openControl({ database: 'postgres' })
})
afterAll(() => control?.close())

// Transactions truly meet only on PostgreSQL.
describe('decisions that meet', () => {
  it('an approval, a push by force and an accept leave nothing of a superseded build open', async () => {
    const { deps, database } = control
    const worker = await control.worker()
    const repo = await control.repo({ autoCancelPullRequests: true, autoCancelRunning: true })
    const two = manifest(pipeline('a'), pipeline('b'))
    const request = (after: string) => ({
      hook: makeHook({
        trigger: '@hook',
        event: 'pull_request',
        ref: 'refs/pull/1/head',
        target: 'main',
        fork: 'evil/app',
        after,
      }),
    })
    const ends = new Set<string>()
    for (let round = 0; round < 30; round++) {
      const old = built(await control.submit(repo, two, request(`${round}-old`)))
      if (round % 2 === 0) await approveStage(deps, old.build, 2, 'ann')
      const question = { attempt: 1, requestId: randomUUID() }
      const [, pushed] = await Promise.all([
        approveStage(deps, old.build, 1, 'ann').catch(() => undefined),
        control.submit(repo, two, request(`${round}-new`)),
        acceptStage(deps, worker, old.stage.id, question),
      ])
      const fresh = await database.stages.listByBuild(built(pushed).build.id)
      expect(fresh.map(({ status }) => status)).toEqual(['blocked', 'blocked'])
      const build = await database.builds.find(old.build.id)
      const stages = await database.stages.listByBuild(old.build.id)
      ends.add(build?.status ?? '')
      const isOver = build !== null && isDone(build.status)
      expect(isOver ? stages.filter(({ status }) => !isDone(status)) : []).toEqual([])
      await cancelBuild(deps, old.build, 'ann')
      await cancelBuild(deps, built(pushed).build, 'ann')
    }
    expect(ends).toContain('skipped')
  })

  it('a delivery that many take up at once is one build', async () => {
    const { deps, database } = control
    const repo = await control.repo()
    for (let round = 1; round <= 10; round++) {
      const request: SubmitRequest = {
        repo,
        hook: makeHook({ trigger: '@hook', event: 'push', after: `c${round}`, target: 'main' }),
        cloneUrl: '',
        manifest: { text: pipeline('a') },
        resolve: false,
        deliveryKey: `hook:${round}`,
      }
      await noteDelivery(deps, request)
      await Promise.all([
        ...Array.from({ length: 4 }, () => resumeDeliveries(deps, -1_000)),
        ...Array.from({ length: 4 }, () => control.submit(repo, pipeline('a'), request)),
      ])
      expect((await database.repos.find(repo.id))?.counter).toBe(round)
    }
    // Its build was deleted: those who ask for another get one, the same.
    const delivery = await database.deliveries.findByKey(repo.id, 'hook:10')
    if (!delivery) throw new Error('the delivery is gone')
    await database.builds.deleteOldest(repo.id, 100)
    const again = await Promise.all(
      Array.from({ length: 8 }, () => redeliver(deps, repo, delivery)),
    )
    expect(new Set(again.map((result) => built(result).build.number))).toEqual(new Set([11]))
  })

  it('retries of a build that is being cancelled, purged or retried are whole or nothing', async () => {
    const { deps, database } = control
    for (let round = 0; round < 10; round++) {
      const repo = await control.repo()
      const { build } = built(
        await control.submit(repo, manifest(pipeline('a'), pipeline('b', 'a'))),
      )
      await cancelBuild(deps, build, 'ann')
      const old = await database.builds.find(build.id)
      if (!old) throw new Error('the build is gone')
      const by = { by: 'ann', params: {} }
      const results = await Promise.allSettled([
        retryFailed(deps, repo, old, by),
        retryFailed(deps, repo, old, by),
        database.builds.deleteOldest(repo.id, 1),
      ])
      const builds = await database.builds.list(repo.id, {}, { offset: 0, limit: 10 })
      for (const each of builds) {
        const stages = await database.stages.listByBuild(each.id)
        expect(stages.map(({ name, status }) => [name, status])).toEqual([
          ['a', 'pending'],
          ['b', 'waiting_on_dependencies'],
        ])
        expect(await database.builds.findManifest(each.id)).not.toBeNull()
      }
      const reasons = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(reasons.filter((reason) => !isWaggleError(reason))).toEqual([])
    }
  })
})
