import { DatabaseSync } from 'node:sqlite'
import {
  approveStage,
  cancelBuild,
  declineBuild,
  declineStage,
  finishStage,
  noteDelivery,
  promoteBuild,
  redeliver,
  restartBuild,
  resumeDeliveries,
  retryFailed,
  type SubmitRequest,
} from '@waggle/control'
import { type Build, type Hook, makeHook, type Repo } from '@waggle/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, leaseOf, passed, runningLease } from './lease-of.ts'
import { manifest, openControl, pipeline, type TestControl } from './open-control.ts'

const by = { by: 'ann', params: {} } as const
const failed = {
  status: 'failure',
  exitCode: 3,
  error: '',
  updates: [
    { number: 1, status: 'failure', exitCode: 3, error: '' },
    { number: 2, status: 'skipped', exitCode: 0, error: '' },
  ],
} as const

describe.each(['sqlite', 'postgres'] as const)('decisions about builds, on %s', (database) => {
  let control: TestControl
  beforeAll(async () => {
    control = await openControl({ database })
  })
  afterAll(() => control?.close())

  const stagesOf = (build: Pick<Build, 'id'>) => control.database.stages.listByBuild(build.id)
  const states = async (build: Pick<Build, 'id'>) =>
    Object.fromEntries((await stagesOf(build)).map(({ name, status }) => [name, status]))
  const buildOf = async ({ id }: Pick<Build, 'id'>) => {
    const build = await control.database.builds.find(id)
    if (!build) throw new Error('the build is gone')
    return build
  }
  const end = async (build: Build, name: string, how: typeof passed | typeof failed) => {
    const stage = (await stagesOf(build)).find((each) => each.name === name)
    const lease = await runningLease(control, await control.worker(), stage?.id ?? 0)
    await finishStage(control.deps, lease, how)
  }
  const text = manifest(
    pipeline('a'),
    pipeline('b', 'a'),
    pipeline('c'),
    pipeline('d', 'b', 'c'),
    `${pipeline('tell', 'd')}trigger: { status: [ success, failure ] }\n`,
    `${pipeline('mourn', 'c')}trigger: { status: [ failure ] }\n`,
  )

  const half = async (repo: Repo) => {
    const { build } = built(await control.submit(repo, text))
    for (const name of ['a', 'b']) await end(build, name, passed)
    await end(build, 'c', failed)
    for (const name of ['mourn', 'tell']) await end(build, name, passed)
    return buildOf(build)
  }

  it('retries what failed with all that depends on it, and keeps what passed', async () => {
    const repo = await control.repo()
    const old = await half(repo)
    expect([old.status, await states(old)]).toEqual([
      'failure',
      { a: 'success', b: 'success', c: 'failure', d: 'skipped', tell: 'success', mourn: 'success' },
    ])
    const before = await stagesOf(old)
    const { build } = built(await retryFailed(control.deps, repo, old, by))
    expect(build).toMatchObject({ number: 2, parent: 1, trigger: 'ann', event: 'push' })
    expect(await states(build)).toEqual({
      a: 'success',
      b: 'success',
      c: 'pending',
      d: 'waiting_on_dependencies',
      tell: 'waiting_on_dependencies',
      mourn: 'waiting_on_dependencies',
    })
    const [a] = await stagesOf(build)
    expect(a).toMatchObject({
      keptFrom: before[0]?.id,
      machine: 'bee',
      startedAt: before[0]?.startedAt,
      attempt: 0,
      isHeld: false,
    })
    const steps = await control.database.steps.listByStage(a?.id ?? 0)
    expect(steps.map(({ name, status }) => [name, status])).toEqual([
      ['one', 'success'],
      ['two', 'success'],
    ])
    await end(build, 'c', failed)
    expect(await states(build)).toMatchObject({ d: 'skipped', tell: 'pending', mourn: 'pending' })
    for (const name of ['tell', 'mourn']) await end(build, name, passed)

    // A retry of a retry: what was kept twice still names the stage that ran.
    const again = built(await retryFailed(control.deps, repo, await buildOf(build), by)).build
    expect((await stagesOf(again))[1]?.keptFrom).toBe(before[1]?.id)
    await end(again, 'c', passed)
    expect(await states(again)).toMatchObject({ d: 'pending', mourn: 'skipped' })
    for (const name of ['d', 'tell']) await end(again, name, passed)
    expect((await buildOf(again)).status).toBe('success')
    expect(await stagesOf(old)).toEqual(before)
  })

  it('retries nothing of what runs, passed, was declined, or has no stages', async () => {
    const repo = await control.repo()
    const retry = async (build: Build) => retryFailed(control.deps, repo, await buildOf(build), by)
    const { build } = built(await control.submit(repo, pipeline('a')))
    await expect(retry(build)).rejects.toMatchObject({ code: 'build_not_over' })
    await end(build, 'a', passed)
    await expect(retry(build)).rejects.toMatchObject({ code: 'nothing_failed' })
    const broken = await control.submit(repo, 'kind: [')
    if (broken.kind !== 'built') throw new Error('nothing was built')
    await expect(retry(broken.build)).rejects.toMatchObject({ code: 'no_stages' })
  })

  const fork = (more: Partial<Hook> = {}) =>
    makeHook({
      trigger: '@hook',
      event: 'pull_request',
      ref: 'refs/pull/1/head',
      target: 'main',
      after: 'a'.repeat(40),
      fork: 'evil/app',
      ...more,
    })
  const two = manifest(pipeline('a'), pipeline('b'))

  it('remembers an approval for that head commit and file, and for no other', async () => {
    const repo = await control.repo()
    const submit = async (hook: Hook, file = two) =>
      built(await control.submit(repo, file, { hook }))
    const { build } = await submit(fork())
    await expect(restartBuild(control.deps, repo, build, by)).rejects.toMatchObject({
      code: 'blocked_build',
    })
    const promotion = { ...by, event: 'promote', target: 'live' } as const
    await expect(promoteBuild(control.deps, repo, build, promotion)).rejects.toMatchObject({
      code: 'blocked_build',
    })
    await approveStage(control.deps, build, 1, 'ann')
    await approveStage(control.deps, build, 2, 'bob')
    expect(await control.database.builds.findDecisions(build.id)).toMatchObject({
      approvedBy: 'bob',
    })
    for (const name of ['a', 'b']) await end(build, name, passed)
    const restarted = built(await restartBuild(control.deps, repo, await buildOf(build), by))
    expect(await states(restarted.build)).toEqual({ a: 'pending', b: 'pending' })
    const blocked = { a: 'blocked', b: 'blocked' }
    expect(await states((await submit(fork({ after: 'b'.repeat(40) }))).build)).toEqual(blocked)
    expect(await states((await submit(fork({ target: 'dev', before: '1' }))).build)).toEqual(
      blocked,
    )
    const changed = await submit(fork({ action: 'synchronized' }), `${two}# more\n`)
    expect(await states(changed.build)).toEqual(blocked)
    const other = await submit(fork({ fork: 'worse/app', action: 'opened' }))
    expect(await states(other.build)).toEqual(blocked)
  })

  it('takes half an approval for none once the build was cancelled', async () => {
    const repo = await control.repo()
    const { build } = built(await control.submit(repo, two, { hook: fork() }))
    await approveStage(control.deps, build, 1, 'ann')
    await cancelBuild(control.deps, build, 'ann')
    const old = await buildOf(build)
    const restarted = built(await restartBuild(control.deps, repo, old, by))
    expect(await states(restarted.build)).toEqual({ a: 'blocked', b: 'blocked' })
    await declineBuild(control.deps, restarted.build, 'ann')
    const retried = built(await retryFailed(control.deps, repo, old, by))
    expect(await states(retried.build)).toEqual({ a: 'blocked', b: 'blocked' })
    const declined = await buildOf(restarted.build)
    await expect(restartBuild(control.deps, repo, declined, by)).rejects.toMatchObject({
      code: 'declined_build',
    })
  })

  it('approve and decline that meet leave one decision', async () => {
    const repo = await control.repo()
    for (let round = 0; round < 10; round++) {
      const hook = fork({ after: String(round).repeat(40) })
      const { build } = built(await control.submit(repo, two, { hook }))
      const results = await Promise.allSettled([
        approveStage(control.deps, build, 1, 'ann'),
        declineStage(control.deps, build, 1, 'bob'),
        cancelBuild(control.deps, build, 'eve'),
      ])
      const [approved, declined] = results.map(({ status }) => status === 'fulfilled')
      expect(approved && declined).toBe(false)
      const now = await buildOf(build)
      expect(['declined', 'killed']).toContain(now.status)
      const open = Object.values(await states(build)).filter((status) => status === 'pending')
      expect(open).toEqual([])
    }
  })

  const push = (before: string, after: string, more: Partial<Hook> = {}) => ({
    hook: makeHook({
      trigger: '@hook',
      event: 'push',
      ref: 'refs/heads/main',
      target: 'main',
      before,
      after,
      ...more,
    }),
  })

  it.each([
    [false, ['skipped', 'running', 'pending', 'pending', 'pending']],
    [true, ['skipped', 'skipped', 'pending', 'pending', 'pending']],
  ])('ends superseded pushes of the same ref (running too: %s)', async (isRunning, expected) => {
    const repo = await control.repo({ autoCancelPushes: true, autoCancelRunning: isRunning })
    const dev = { ref: 'refs/heads/dev', target: 'dev' }
    const first = built(await control.submit(repo, pipeline('a'), push('', '1')))
    const second = built(await control.submit(repo, pipeline('a'), push('1', '2')))
    await runningLease(control, await control.worker(), second.stage.id)
    const others = [
      built(await control.submit(repo, pipeline('a'), push('', '2', dev))),
      built(await control.submit(repo, pipeline('a'), push('', '3', { event: 'custom' }))),
    ]
    const last = built(await control.submit(repo, pipeline('a'), push('2', '3')))
    const all = [first, second, ...others, last]
    const now = await Promise.all(all.map(({ build }) => buildOf(build)))
    expect(now.map(({ status }) => status)).toEqual(expected)
    const decided = await control.database.builds.findDecisions(first.build.id)
    expect(decided).toMatchObject({ endedBy: '', endReason: 'superseded by build 2' })
  })

  it('keeps the newest commit where webhooks came in the wrong order', async () => {
    const repo = await control.repo({ autoCancelPushes: true })
    const late = built(await control.submit(repo, pipeline('a'), push('2', '3')))
    const early = built(await control.submit(repo, pipeline('a'), push('1', '2')))
    expect((await buildOf(late.build)).status).toBe('pending')
    expect((await buildOf(early.build)).status).toBe('skipped')
    const decided = await control.database.builds.findDecisions(early.build.id)
    expect(decided?.endReason).toBe('superseded by build 1')
    // A push back to the commit before is the newest.
    const back = built(await control.submit(repo, pipeline('a'), push('3', '2')))
    expect((await buildOf(late.build)).status).toBe('skipped')
    expect((await buildOf(back.build)).status).toBe('pending')
  })

  it('takes up a webhook that was stored and never decided', async () => {
    const repo = await control.repo()
    const request: SubmitRequest = {
      repo,
      ...push('', 'c'.repeat(40)),
      cloneUrl: '',
      manifest: { text: pipeline('a') },
      resolve: false,
      deliveryKey: 'hook:lost',
    }
    const noted = await noteDelivery(control.deps, request)
    expect(noted).toMatchObject({ outcome: 'working', via: 'webhook' })
    expect(await resumeDeliveries(control.deps)).toBe(0)
    const delivery = await control.database.deliveries.find(repo.id, noted?.id ?? 0)
    if (!delivery) throw new Error('the delivery is gone')
    await expect(redeliver(control.deps, repo, delivery)).rejects.toMatchObject({
      code: 'delivery_in_work',
    })
    expect(await resumeDeliveries(control.deps, -1_000)).toBe(1)
    expect(await control.database.deliveries.findByKey(repo.id, 'hook:lost')).toMatchObject({
      outcome: 'built',
      buildNumber: 1,
      tries: 2,
    })
    expect(await resumeDeliveries(control.deps, -1_000)).toBe(0)
  })

  it('builds a delivery anew whose build was deleted, but only when it is asked to', async () => {
    const repo = await control.repo()
    const request = { ...push('', 'd'.repeat(40)), deliveryKey: 'hook:gone' }
    await control.submit(repo, pipeline('a'), request)
    const delivery = await control.database.deliveries.findByKey(repo.id, 'hook:gone')
    if (!delivery) throw new Error('the delivery is gone')
    await control.database.builds.deleteOldest(repo.id, 1)
    await expect(control.submit(repo, pipeline('a'), request)).rejects.toMatchObject({
      code: 'delivery_gone',
    })
    expect(built(await redeliver(control.deps, repo, delivery)).build.number).toBe(2)
    expect(built(await redeliver(control.deps, repo, delivery)).build.number).toBe(2)
  })

  it('one content under twenty ids at once is one build, without a gap', async () => {
    const repo = await control.repo()
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        control.submit(repo, pipeline('a'), {
          ...push('', 'e'.repeat(40)),
          deliveryKey: `hook:${i}`,
        }),
      ),
    )
    expect(new Set(results.map((result) => built(result).build.number))).toEqual(new Set([1]))
    expect((await control.database.repos.find(repo.id))?.counter).toBe(1)
    const page = { offset: 0, limit: 100 }
    const kept = await control.database.deliveries.list(repo.id, {}, page)
    expect(kept.map(({ buildNumber }) => buildNumber)).toEqual(Array.from({ length: 20 }, () => 1))
    expect(kept.filter(({ outcome }) => outcome === 'built')).toHaveLength(1)
  })

  it('restarts and retries at once have numbers of their own', async () => {
    const repo = await control.repo()
    const old = await half(repo)
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        i % 2 === 0
          ? restartBuild(control.deps, repo, old, by)
          : retryFailed(control.deps, repo, old, by),
      ),
    )
    const numbers = results.map((result) => built(result).build.number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => i + 2))
  })

  it('shows when a cancel was asked for, heard and done', async () => {
    const { build, stage } = built(await control.submit(await control.repo(), pipeline('a')))
    await leaseOf(control, await control.worker(), stage.id)
    await cancelBuild(control.deps, build, { status: 'killed', by: '', reason: 'too long' })
    const [cancel] = await control.database.attempts.listCancels([stage.id])
    expect(cancel).toMatchObject({ number: 1, cancelSeenAt: 0, cancelDoneAt: 0 })
    expect(cancel?.cancelRequestedAt).toBeGreaterThan(0)
  })
})

it('a build whose file is gone is not started again, and says so', async () => {
  const control = await openControl()
  try {
    const repo = await control.repo()
    const { build } = built(await control.submit(repo, pipeline('a')))
    await cancelBuild(control.deps, build, 'ann')
    const old = await control.database.builds.find(build.id)
    if (!old) throw new Error('the build is gone')
    const file = new DatabaseSync(`${control.folder}/waggle.db`, { timeout: 10_000 })
    file.exec('delete from manifests')
    file.close()
    for (const start of [restartBuild, retryFailed])
      await expect(start(control.deps, repo, old, by)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'manifest_gone',
      })
  } finally {
    await control.close()
  }
})
