import { setTimeout as delay } from 'node:timers/promises'
import {
  cancelBuild,
  createUser,
  declineBuild,
  finishStage,
  grantSteps,
  removeUser,
  startTimers,
  submitBuild,
  WebhookSender,
} from '@waggle/control'
import {
  type Build,
  makeHook,
  type Repo,
  silentLogger,
  type User,
  type WebhookCall,
} from '@waggle/domain'
import { createWebhookReceivers, type WebhookSettings } from '@waggle/extensions'
import {
  answerJson,
  type OutsideCall,
  type OutsideService,
  startOutsideService,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { built, passed, runningLease } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

const secret = 'secret of the receivers'
const page = { offset: 0, limit: 100 }

describe.each(['sqlite', 'postgres'] as const)('outgoing webhooks on %s', (database) => {
  let control: TestControl
  const closers: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    control = await openControl({ database, timeScale: 0.02 })
  })
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
    const future = Date.now() + 3_600_000
    const all = { sentBefore: future, failedBefore: future, waitingBefore: future, receivers: [] }
    await control.database.webhookCalls.purge(all)
  })
  afterAll(() => control.close())

  const serve = async (
    answer: Parameters<typeof startOutsideService>[1] = answerJson(undefined, 204),
  ): Promise<OutsideService> => {
    const service = await startOutsideService(secret, answer)
    closers.push(() => service.close())
    return service
  }

  /** What a receiver is told here: which build, and how it is when it is sent. */
  const bodyOf = async ({ event, action, buildId }: WebhookCall): Promise<string | null> => {
    const build = await control.database.builds.find(buildId)
    return build && JSON.stringify({ event, action, build: { id: build.id, status: build.status } })
  }

  const sending = (
    urls: readonly string[],
    more: Partial<WebhookSettings> = {},
    read: (call: WebhookCall) => Promise<string | null> = bodyOf,
    webhookLeaseMs = 10_000,
  ) => {
    const receivers = createWebhookReceivers({
      ...{ urls, secret, events: [], skipVerify: false, allowPrivate: true, timeoutMs: 10_000 },
      ...more,
    })
    const deps = { database: control.database, log: silentLogger }
    const bodyOfNew = (_: Repo, { id, status }: Build) =>
      JSON.stringify({ event: 'build', action: 'created', build: { id, status } })
    const timers = { webhookLeaseMs }
    const all = { ...deps, receivers, bodyOf: read, bodyOfNew, timers }
    const sender = new WebhookSender(all)
    closers.push(() => sender.stop())
    const own: TestControl = { ...control, deps: { ...control.deps, webhooks: sender } }
    return { sender, receivers, own }
  }

  const submitted = async (own: TestControl, repo: Repo, text = pipeline('a')) => {
    const hook = makeHook({ trigger: 'ann', event: 'push', ref: 'refs/heads/main', target: 'main' })
    const request = { repo, hook, cloneUrl: '', manifest: { text }, resolve: false }
    return built(await submitBuild(own.deps, request))
  }

  const told = (calls: readonly OutsideCall[]) =>
    calls.map(({ body }) => `${String(body['event'])}:${String(body['action'])}`)
  const statusOf = (call: OutsideCall | undefined) =>
    (call?.body['build'] as { status?: string } | undefined)?.status

  it('tell a receiver of a build from its start to its end, in order, each signed', async () => {
    const service = await serve()
    const { own } = sending([service.url])
    const { stage } = await submitted(own, await control.repo())
    const lease = await runningLease(own, await control.worker(), stage.id)
    const updates = [{ number: 1, status: 'success', exitCode: 0, error: '' }] as const
    await grantSteps(own.deps, lease, { updates, grants: [{ step: 2, try: 1 }] })
    await finishStage(own.deps, lease, passed)
    await waitUntil('the calls', () => service.calls.length >= 4)
    expect(statusOf(service.calls.at(-1))).toBe('success')
    expect(told(service.calls)).toEqual(['build:created', ...Array(3).fill('build:updated')])
    expect(statusOf(service.calls[0])).toBe('pending')
    for (const call of service.calls) {
      expect(call.signed).toBe('date digest')
      expect(call.headers['x-drone-event']).toBe('build')
    }
  })

  it('tell of users that are made and deleted, and of none that was not', async () => {
    const service = await serve()
    const { own } = sending([service.url])
    const body = (user: User) => JSON.stringify({ event: 'user', action: 'created', user })
    const wish = { login: 'Eve', email: '', machine: false, admin: false, token: 'token of eve' }
    const user = await createUser(own.deps, wish, body)
    const again = { ...wish, login: 'eve', token: 'another' }
    await expect(createUser(own.deps, again, body)).rejects.toMatchObject({ code: 'user_exists' })
    await removeUser(own.deps, user, JSON.stringify({ event: 'user', action: 'deleted' }))
    await waitUntil('the calls', () => service.calls.length >= 2)
    expect(told(service.calls)).toEqual(['user:created', 'user:deleted'])
    expect(service.calls[0]?.headers['x-drone-event']).toBe('user')
    expect(JSON.stringify(service.calls)).not.toContain('token of eve')
    await expect(removeUser(own.deps, user, '{}')).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('tell of errors, cancels and refusals', async () => {
    const service = await serve()
    const { own } = sending([service.url])
    const repo = await control.repo()
    const hook = makeHook({ trigger: 'ann', event: 'push', ref: 'refs/heads/main' })
    const broken = { repo, hook, cloneUrl: '', manifest: { text: 'a: [' }, resolve: false }
    await submitBuild(own.deps, broken)
    await waitUntil('the calls', () => statusOf(service.calls.at(-1)) === 'error')
    const { build } = await submitted(own, repo)
    await cancelBuild(own.deps, build, 'ann')
    await cancelBuild(own.deps, build, 'ann')
    await waitUntil('the calls', () => statusOf(service.calls.at(-1)) === 'killed')
    const locked = await control.repo({ protected: true })
    const blocked = built(
      await submitBuild(own.deps, {
        ...broken,
        repo: locked,
        hook: { ...hook, trigger: '@hook' },
        manifest: { text: pipeline('a') },
      }),
    )
    await declineBuild(own.deps, blocked.build, 'ann')
    await waitUntil('the calls', () => service.calls.length >= 5)
    expect(statusOf(service.calls.at(-1))).toBe('declined')
    const [created, updated] = ['build:created', 'build:updated']
    expect(told(service.calls)).toEqual([created, created, updated, created, updated])
  })

  it('tell only what a receiver wants, and cost nothing where nobody does', async () => {
    const service = await serve()
    const { own, receivers } = sending([service.url], { events: ['*:created'] })
    const { build } = await submitted(own, await control.repo())
    await cancelBuild(own.deps, build, 'ann')
    await waitUntil('the calls', () => service.calls.length === 1)
    const receiver = receivers[0]?.key ?? ''
    const waiting = () => control.database.webhookCalls.next(receiver)
    await waitUntil('the calls', async () => (await waiting()) === null)
    expect(told(service.calls)).toEqual(['build:created'])
    await submitted(control, await control.repo())
    expect(await control.database.webhookCalls.list({ state: 'waiting' }, page)).toEqual([])
  })

  it('wait in order for a receiver that is away, and hold up no other', async () => {
    let isAway = true
    const healthy = await serve()
    const flaky = await serve((call, answer) =>
      isAway ? answer.destroy() : answerJson(undefined, 204)(call, answer),
    )
    const { own, sender, receivers } = sending([flaky.url, healthy.url])
    const repo = await control.repo()
    const first = await submitted(own, repo)
    const second = await submitted(own, repo)
    const ids = [first.build.id, second.build.id]
    const idsOf = (calls: readonly OutsideCall[]) =>
      calls.map(({ body }) => (body['build'] as { id: number }).id)
    await waitUntil('the calls', () => healthy.calls.length === 2)
    await waitUntil('the calls', () => flaky.calls.length === 1)
    const receiver = receivers[0]?.key ?? ''
    const next = () => control.database.webhookCalls.next(receiver)
    await waitUntil('the calls', async () => (await next())?.tries === 1)
    expect(await next()).toMatchObject({ error: 'webhook: no answer (ECONNRESET)', status: 0 })
    isAway = false
    await waitUntil('the calls', async () => {
      await sender.tick()
      return flaky.calls.length === 3
    })
    expect(idsOf(healthy.calls)).toEqual(ids)
    expect(idsOf(flaky.calls)).toEqual([ids[0], ...ids])
  })

  it('that are refused are given up, kept, and can be told again', async () => {
    let status = 410
    const service = await serve((call, answer) => answerJson(undefined, status)(call, answer))
    const { own, sender } = sending([service.url])
    await submitted(own, await control.repo())
    const { webhookCalls } = control.database
    const failed = () => webhookCalls.list({ state: 'failed' }, page)
    await waitUntil('the calls', async () => (await failed()).length === 1)
    const [call] = await failed()
    expect(call).toMatchObject({ tries: 1, status: 410, error: 'the receiver answered 410' })
    status = 200
    await webhookCalls.resend(call?.id ?? 0)
    sender.kick()
    await waitUntil(
      'the calls',
      async () => (await webhookCalls.list({ state: 'sent' }, page)).length === 1,
    )
    expect(service.calls).toHaveLength(2)
  })

  it('are sent by one of several processes, each call once', async () => {
    const service = await serve()
    const senders = [1, 2, 3].map(() => sending([service.url]))
    const repo = await control.repo()
    const builds = await Promise.all(
      Array.from({ length: 12 }, (_, at) => submitted(senders[at % 3]?.own ?? control, repo)),
    )
    await waitUntil('the calls', () => service.calls.length >= builds.length)
    await waitUntil('the calls', async () => {
      const waiting = await control.database.webhookCalls.list({ state: 'waiting' }, page)
      return waiting.length === 0
    })
    const ids = service.calls.map(({ body }) => (body['build'] as { id: number }).id)
    expect(ids).toEqual(builds.map(({ build }) => build.id).toSorted((a, b) => a - b))
  })

  it('that a dead process left are sent by the timers of another', async () => {
    const service = await serve(() => undefined)
    const dying = sending([service.url])
    await submitted(dying.own, await control.repo())
    await waitUntil('the calls', () => service.calls.length === 1)
    // In the middle of a call: nobody knows whether it arrived.
    await dying.sender.stop()
    const { webhookCalls } = control.database
    const receiver = dying.receivers[0]?.key ?? ''
    expect(await webhookCalls.next(receiver)).toMatchObject({ state: 'waiting', tries: 0 })
    const living = sending([service.url])
    const timers = startTimers(living.own.deps)
    await waitUntil('the calls', () => service.calls.length === 2)
    expect(service.calls[1]?.body).toEqual(service.calls[0]?.body)
    await living.sender.stop()
    await timers.stop()
  })

  it('of a build that is gone are dropped', async () => {
    const service = await serve()
    const { own, sender } = sending([service.url], { events: ['build:updated'] })
    const { webhookCalls, builds } = control.database
    const repo = await control.repo()
    const quiet = { ...own, deps: { ...own.deps, webhooks: silentSender(sender) } }
    const { build } = await submitted(quiet, repo)
    await cancelBuild(quiet.deps, build, 'ann')
    await builds.deleteOldest(repo.id, 10)
    sender.kick()
    await waitUntil(
      'the calls',
      async () => (await webhookCalls.list({ state: 'failed' }, page)).length === 1,
    )
    expect(service.calls).toEqual([])
  })

  it('that cannot be made are given up, and those behind them are sent', async () => {
    const service = await serve()
    const { own } = sending([service.url], {}, async (call) => {
      if (call.buildId === broken.id) throw new TypeError('an odd row')
      return bodyOf(call)
    })
    const { build: broken } = await submitted(control, await control.repo())
    await cancelBuild(own.deps, broken, 'ann')
    const { build } = await submitted(own, await control.repo())
    await cancelBuild(own.deps, build, 'ann')
    await waitUntil('the calls', () => statusOf(service.calls.at(-1)) === 'killed')
    expect(told(service.calls)).toEqual(['build:created', 'build:updated'])
    const { webhookCalls } = control.database
    const error = 'what it tells of cannot be read'
    expect(await webhookCalls.list({ state: 'failed' }, page)).toMatchObject([{ error }])
  })

  it('are told once by a slow receiver, for who waits for it keeps its lease', async () => {
    const answers: (() => void)[] = []
    const service = await serve((call, answer) =>
      answers.push(() => answerJson(undefined, 204)(call, answer)),
    )
    const slow = { events: ['build:created'], timeoutMs: 30_000 }
    const leaseMs = 1_000
    const { own } = sending([service.url], slow, bodyOf, leaseMs)
    const other = sending([service.url], slow, bodyOf, leaseMs)
    await submitted(own, await control.repo())
    await waitUntil('the call', () => answers.length === 1)
    // Three times as long as the lease lasts where nobody renews it.
    for (let look = 0; look < 12; look += 1) {
      await other.sender.tick()
      await delay(leaseMs / 4)
    }
    answers[0]?.()
    const next = () => control.database.webhookCalls.next(other.receivers[0]?.key ?? '')
    await waitUntil('the end of the line', async () => (await next()) === null)
    expect(told(service.calls)).toEqual(['build:created'])
  })

  it('are told by another process soon after the one that had the lease died', async () => {
    const service = await serve()
    const { own, sender, receivers } = sending([service.url], { events: ['build:created'] })
    const quiet = { ...own, deps: { ...own.deps, webhooks: silentSender(sender) } }
    await submitted(quiet, await control.repo())
    const key = receivers[0]?.key ?? ''
    expect(await control.database.webhookCalls.claim(key, 'who died', 2_000)).toBe(true)
    await sender.tick()
    expect(service.calls).toEqual([])
    await waitUntil('the call', async () => {
      await sender.tick()
      return service.calls.length === 1
    })
  })

  it('are told again by nobody who may not be connected to', async () => {
    const { own, receivers } = sending(['http://169.254.169.254/hook'])
    await submitted(own, await control.repo())
    const next = () => control.database.webhookCalls.next(receivers[0]?.key ?? '')
    await waitUntil('the calls', async () => (await next())?.tries === 1)
    expect((await next())?.error).toContain('may not connect to')
  })
})

/** Promises, but sends nothing. */
const silentSender = ({ receivers, bodyOfNew }: WebhookSender) => ({
  receivers,
  bodyOfNew,
  kick: () => undefined,
  tick: async () => undefined,
})
