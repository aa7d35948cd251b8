import { apiSettings, readSettings } from '@waggle/config'
import {
  CommitStatuses,
  cancelBuild,
  declineBuild,
  finishStage,
  submitBuild,
  WebhookSender,
} from '@waggle/control'
import { makeHook, type Repo, silentLogger } from '@waggle/domain'
import { answerJson, type OutsideService, startOutsideService, waitUntil } from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openStatusHost } from '../../apps/api/src/open-statuses.ts'
import { built, passed, runningLease } from './lease-of.ts'
import { openControl, pipeline, type TestControl } from './open-control.ts'

const page = { offset: 0, limit: 100 }
const commit = (letter: string) => letter.repeat(40)

describe.each(['sqlite', 'postgres'] as const)('commit statuses on %s', (database) => {
  let control: TestControl
  const closers: (() => Promise<unknown>)[] = []
  let number = 0
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
    answer: Parameters<typeof startOutsideService>[1] = answerJson({}, 201),
  ): Promise<OutsideService> => {
    const service = await startOutsideService('', answer)
    closers.push(() => service.close())
    return service
  }

  /** A process that sends statuses to a host on loopback. */
  const sending = (service: OutsideService, kind = 'gitea', more: Record<string, string> = {}) => {
    const settings = readSettings(apiSettings, {
      ...{ WAGGLE_STATUS_HOST: kind, WAGGLE_STATUS_SERVER: service.url },
      ...{ WAGGLE_STATUS_TOKEN: 'tok', WAGGLE_STATUS_API: `${service.url}/api`, ...more },
    })
    const host = openStatusHost(settings)
    if (host === null) throw new Error('no host')
    const given = { name: settings.statusName, link: 'https://ci.test' }
    const statuses = new CommitStatuses({ database: control.database, host, ...given })
    const sender = new WebhookSender({
      ...{ database: control.database, log: silentLogger, receivers: [], statuses },
      ...{ bodyOf: async () => null, bodyOfNew: () => '', timers: { webhookLeaseMs: 1_000 } },
    })
    closers.push(() => sender.stop())
    const own: TestControl = { ...control, deps: { ...control.deps, webhooks: sender } }
    return { sender, own }
  }

  const repoAt = (service: OutsideService, more: Parameters<TestControl['repo']>[0] = {}) =>
    control.repo({ gitHttpUrl: `${service.url}/octo/hello-${++number}.git`, ...more })

  const submitted = async (
    own: TestControl,
    repo: Repo,
    hook: Parameters<typeof makeHook>[0] = {},
    more: { cloneUrl?: string; text?: string } = {},
  ) => {
    const known = { trigger: '@hook', event: 'push', ref: 'refs/heads/main' } as const
    return built(
      await submitBuild(own.deps, {
        repo,
        hook: makeHook({ ...known, target: 'main', after: commit('a'), ...hook }),
        cloneUrl: more.cloneUrl ?? repo.gitHttpUrl,
        manifest: { text: more.text ?? pipeline('a') },
        resolve: false,
      }),
    )
  }

  const told = ({ calls }: OutsideService) =>
    calls.map(({ body }) => `${String(body['state'])}: ${String(body['description'])}`)
  const idle = () =>
    waitUntil('the end of the lines', async () => {
      const waiting = await control.database.webhookCalls.list({ state: 'waiting' }, page)
      return waiting.length === 0
    })

  it('tell the host of a build from its start to its end, each state once', async () => {
    const service = await serve()
    const { own } = sending(service)
    const repo = await repoAt(service)
    const { build, stage } = await submitted(own, repo)
    await waitUntil('the status', () => service.calls.length === 1)
    const lease = await runningLease(own, await control.worker(), stage.id)
    await waitUntil('the status', () => service.calls.length === 2)
    await finishStage(own.deps, lease, passed)
    await waitUntil('the status', () => service.calls.length === 3)
    await idle()
    expect(told(service)).toEqual([
      'pending: Build is pending',
      'pending: Build is running',
      'success: Build is passing',
    ])
    const slug = repo.gitHttpUrl.slice(service.url.length + 1, -'.git'.length)
    for (const call of service.calls) {
      expect(call.path).toBe(`/api/repos/${slug}/statuses/${commit('a')}`)
      expect(call.headers['authorization']).toBe('token tok')
      expect(call.body).toMatchObject({
        context: 'continuous-integration/waggle/push',
        target_url: `https://ci.test/${repo.slug}/${build.number}`,
      })
    }
    const sent = await control.database.webhookCalls.list({ state: 'sent' }, page)
    expect(JSON.stringify(sent)).not.toContain('tok"')
  })

  it('tell of errors, cancels, approvals and refusals', async () => {
    const service = await serve()
    const { own } = sending(service)
    await submitted(
      own,
      await repoAt(service),
      { after: commit('b') },
      { text: 'kind: pipeline' },
    ).catch(() => undefined)
    await idle()
    const { build } = await submitted(own, await repoAt(service), { event: 'tag' })
    await idle()
    await cancelBuild(own.deps, build, 'ann')
    await idle()
    const locked = await repoAt(service, { protected: true })
    const blocked = await submitted(own, locked, { event: 'pull_request' })
    await idle()
    await declineBuild(own.deps, blocked.build, 'ann')
    await idle()
    expect(told(service).slice(-4)).toEqual([
      'pending: Build is pending',
      'error: Build was killed',
      'pending: Build is pending approval',
      'error: Build was declined',
    ])
  })

  it('of a host that is away wait, and only the newest is told', async () => {
    let status = 500
    const service = await serve((call, answer) => answerJson({}, status)(call, answer))
    const { own, sender } = sending(service)
    const { build, stage } = await submitted(own, await repoAt(service))
    await waitUntil('a try', () => service.calls.length >= 1)
    await runningLease(own, await control.worker(), stage.id)
    await cancelBuild(own.deps, build, 'ann')
    status = 201
    await waitUntil('the status', async () => {
      await sender.tick()
      const waiting = await control.database.webhookCalls.list({ state: 'waiting' }, page)
      return waiting.length === 0
    })
    const states = told(service)
    expect(states.at(-1)).toBe('error: Build was killed')
    expect(states).not.toContain('pending: Build is running')
  })

  it('wait as long as the host asks for, and for each repository alone', async () => {
    const service = await serve((call, answer) => {
      if (!call.path.includes('limited')) return answerJson({}, 201)(call, answer)
      answer.writeHead(403, { 'retry-after': '600' })
      answer.end('{}')
    })
    const { own, sender } = sending(service)
    await submitted(own, await repoAt(service, { gitHttpUrl: `${service.url}/octo/limited.git` }))
    await waitUntil('the try', () => service.calls.length === 1)
    await submitted(own, await repoAt(service))
    await waitUntil('the other', () => service.calls.length === 2)
    for (let look = 0; look < 5; look += 1) await sender.tick()
    const [waiting] = await control.database.webhookCalls.list({ state: 'waiting' }, page)
    expect(waiting).toMatchObject({ tries: 1, status: 429, event: 'status' })
    expect(service.calls).toHaveLength(2)
  })

  it.each([401, 403, 404, 422])(
    'that are refused with %i are kept with the reason',
    async (status) => {
      const service = await serve(answerJson({ message: 'No way' }, status))
      const { own } = sending(service)
      await submitted(own, await repoAt(service))
      await idle()
      const error = `the receiver answered ${status}: No way`
      const failed = await control.database.webhookCalls.list({ state: 'failed' }, page)
      expect(failed).toMatchObject([{ tries: 1, status, error }])
    },
  )

  it('of an older build of the same check are not told any more', async () => {
    const service = await serve()
    const { own } = sending(service)
    const repo = await repoAt(service)
    const first = await submitted(own, repo, { action: 'first' })
    await idle()
    const second = await submitted(own, repo, { action: 'second' })
    expect(second.build.number).toBeGreaterThan(first.build.number)
    const other = await submitted(own, repo, { after: commit('c') })
    await idle()
    await cancelBuild(own.deps, first.build, 'ann')
    await cancelBuild(own.deps, other.build, 'ann')
    await idle()
    const of = ({ body }: OutsideService['calls'][number]) =>
      String(body['target_url']).split('/').at(-1)
    const times = [first, second, other].map(
      ({ build }) => service.calls.filter((call) => of(call) === String(build.number)).length,
    )
    expect(times).toEqual([1, 1, 2])
    expect(service.calls).toHaveLength(4)
  })

  it('are told of no cron, no other host, no other source, nor without a commit', async () => {
    const service = await serve()
    const { own } = sending(service)
    const here = await repoAt(service)
    await submitted(own, here, { event: 'cron', cron: 'nightly' })
    await submitted(own, here, { after: '' })
    await submitted(own, here, {}, { cloneUrl: `${service.url}/evil/fork.git` })
    await submitted(
      own,
      await control.repo({ gitHttpUrl: 'https://elsewhere.test/octo/hello.git' }),
    )
    await idle()
    expect(service.calls).toEqual([])
    expect(await control.database.webhookCalls.list({}, page)).toEqual([])
  })

  it('are told to Gogs by nobody, and to GitHub of a deployment when it is over', async () => {
    const service = await serve()
    const gogs = sending(service, 'gogs')
    await submitted(gogs.own, await repoAt(service))
    await idle()
    expect(service.calls).toEqual([])
    const { own } = sending(service, 'github')
    const promotion = { event: 'promote', deployTo: 'prod', deployId: 42 } as const
    const { build } = await submitted(own, await repoAt(service), promotion)
    await idle()
    expect(service.calls).toEqual([])
    await cancelBuild(own.deps, build, 'ann')
    await waitUntil('the status', () => service.calls.length === 1)
    expect(service.calls[0]?.path).toMatch(/\/deployments\/42\/statuses$/)
    expect(service.calls[0]?.body).toMatchObject({ state: 'error', environment: 'prod' })
  })

  it('that a dead process left are told by another', async () => {
    const silent = await serve(() => undefined)
    const dying = sending(silent)
    const repo = await repoAt(silent)
    const { build } = await submitted(dying.own, repo)
    await waitUntil('the call', () => silent.calls.length === 1)
    await dying.sender.stop()
    await cancelBuild(dying.own.deps, build, 'ann')
    const living = sending(silent)
    await waitUntil('the call', async () => {
      await living.sender.tick()
      return silent.calls.length === 2
    })
    expect(told(silent).at(-1)).toBe('error: Build was killed')
  })

  it('of many repositories go a few at a time, and all arrive', async () => {
    let most = 0
    let open = 0
    const service = await serve((call, answer) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open -= 1
        answerJson({}, 201)(call, answer)
      }, 20)
    })
    const { own } = sending(service)
    for (let at = 0; at < 24; at += 1) await submitted(own, await repoAt(service))
    await idle()
    expect(new Set(service.calls.map(({ path }) => path)).size).toBe(24)
    expect(most).toBeLessThanOrEqual(8)
  })

  it('are off where the settings say so, and need a token and an address', () => {
    const host = (more: Record<string, string>) =>
      openStatusHost(readSettings(apiSettings, { WAGGLE_STATUS_HOST: 'github', ...more }))
    expect(openStatusHost(readSettings(apiSettings, {}))).toBeNull()
    expect(host({ WAGGLE_STATUS_TOKEN: 't', DRONE_STATUS_DISABLED: 'true' })).toBeNull()
    expect(host({ WAGGLE_STATUS_TOKEN: 't' })?.url).toBe('https://github.com/')
    expect(() => host({ WAGGLE_STATUS_HOST: 'sourceforge' })).toThrow('must be none or one of')
    expect(() => host({})).toThrow('needs WAGGLE_STATUS_TOKEN')
    expect(() => host({ WAGGLE_STATUS_TOKEN: 'a b' })).toThrow('needs WAGGLE_STATUS_TOKEN')
    const gitea = { WAGGLE_STATUS_HOST: 'gitea', WAGGLE_STATUS_TOKEN: 't' }
    expect(() => host(gitea)).toThrow('the address of gitea')
  })
})
