import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWaggle } from '../harness/run-waggle.ts'
import { type System, startSystem } from '../harness/start-system.ts'

const pipeline = (label: string) =>
  `kind: pipeline\ntype: exec\nname: probe\nnode: {${label}}\nsteps:\n- {name: one, commands: [echo done]}\n`

describe('the workers of a server, from outside', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({
      database: 'sqlite',
      logLevel: 'info',
      timeScale: 0.2,
      worker: {
        WAGGLE_WORKER_TYPE: 'exec',
        WAGGLE_WORKER_SLOTS: '1',
        WAGGLE_WORKER_LABELS: 'size:big',
        WAGGLE_WORKER_UI_USERNAME: 'ann',
        WAGGLE_WORKER_UI_PASSWORD: 'correct horse',
      },
    })
  })
  afterAll(() => system?.stop())

  const waggle = async (...args: readonly string[]) => {
    const settings = { WAGGLE_SERVER_URL: system.apis[0]?.url ?? '', WAGGLE_TOKEN: system.token }
    const run = await startWaggle(args, { settings }).done
    return { ...run, json: () => JSON.parse(run.out) as Record<string, unknown> }
  }
  const stateOf = async () => {
    const run = await waggle('worker', 'ls', '--json')
    return (run.json() as unknown as { state: string }[])[0]?.state
  }
  const why = async (build: number) => {
    const run = await waggle('build', 'why', 'test/app', String(build), '--json')
    const [wait] = run.json() as unknown as { state: string; reasons: { code: string }[] }[]
    return wait?.reasons.map(({ code }) => code)
  }

  it('drains a worker for good, says why a stage waits, and lets it go on', async () => {
    const drained = await waggle('worker', 'drain', 'worker-1')
    expect(drained.out).toContain('worker worker-1: drained')
    expect(drained.out).toMatch(/drained +\d+s ago by admin/)
    const { number } = await system.client.submit(pipeline('size: big'))
    expect(await why(number)).toEqual(['workers_drained'])

    const [worker] = system.workers
    await worker?.stop()
    await worker?.start()
    expect(await stateOf()).toBe('drained')
    // Its heartbeats tell it; it holds no entry of the queue meanwhile.
    await waitUntil('the worker to know', () => worker?.log().includes('nothing new is taken'))
    expect(await why(number)).toEqual(['workers_drained'])
    const said = await waggle('build', 'why', 'test/app', String(number))
    expect(said.out).toContain('"worker-1" could run it, but is drained')
    expect(said.out).toContain('position 1 of 1 in its queue')

    expect((await waggle('worker', 'resume', 'worker-1')).out).toContain('worker-1: idle')
    expect((await system.client.ended(number)).status).toBe('success')
    expect((await waggle('build', 'why', 'test/app', String(number))).out).toContain('is over')
    const gone = await waggle('worker', 'rm', 'worker-1')
    expect([gone.code, gone.err]).toEqual([5, expect.stringContaining('is not gone') as string])
  })

  it('warns at once of a build that no worker can serve', async () => {
    const answer = await system.client.call('POST', '/api/builds', {
      repository: 'test/app',
      pipeline: pipeline('size: huge'),
    })
    const build = answer.json() as { number: number; warnings: { code: string }[] }
    expect(build.warnings).toMatchObject([{ code: 'no_worker', stages: [1] }])
    const shown = await waggle('build', 'info', 'test/app', String(build.number))
    expect(shown.err).toContain('warning: probe: None of the 1 known worker can run it')
    const said = await waggle('build', 'why', 'test/app', String(build.number), 'probe')
    expect(said.out).toContain('labels "size=big" instead of "size=huge"')
    const queue = await waggle('queue')
    expect(queue.out).toMatch(/pending +probe +exec/)
    await waggle('build', 'stop', 'test/app', String(build.number))
  })

  it("shows the worker's own page to who has the password", async () => {
    const url = system.workers[0]?.url ?? ''
    const page = (path: string, credentials: string) =>
      fetch(url + path, {
        headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
      })
    expect((await fetch(url)).status).toBe(401)
    expect((await page('/', 'ann:wrong')).status).toBe(401)
    const shown = await (await page('/', 'ann:correct horse')).text()
    expect(shown).toMatch(/<td>test\/app<\/td><td>1<\/td><td>1 probe<\/td>.*<td>success<\/td>/)
    expect(shown).toContain('takes stages')
    expect(shown).not.toContain('does not answer')
    expect(await (await page('/logs', 'ann:correct horse')).text()).toContain('stage accepted')
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('OK\n')
    const metrics = await system.client.call('GET', '/metrics')
    expect(metrics.text).toContain('waggle_workers{state="idle"} 1')
  })
})
