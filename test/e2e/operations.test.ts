import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as config from '@waggle/config'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { readLog } from '../harness/read-log.ts'
import { readLedger, type System, startSystem } from '../harness/start-system.ts'

const root = resolve(import.meta.dirname, '../..')

describe('point 9: operations', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({
      database: 'postgres',
      apis: 2,
      workers: 2,
      logLevel: 'info',
      timeScale: 0.5,
    })
  })
  afterAll(() => system?.stop())

  const metricsOf = async (api = 0): Promise<ReadonlyMap<string, number>> => {
    const answer = await system.clientOf(api).call('GET', '/metrics')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    return new Map(
      answer.text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [
          line.slice(0, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' ') + 1)),
        ]),
    )
  }

  const health = async (url: string, path: string) => {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) })
    return { status: answer.status, text: await answer.text() }
  }

  const isRunning = (number: number) =>
    waitUntil('the step to run', async () => {
      const build = await system.client.build(number)
      return build.stages?.[0]?.steps?.[0]?.status === 'running'
    })

  it('logs JSON whose entries name build and stage wherever they concern one', async () => {
    const passed = await system.client.submit(oneStep(['true']))
    const failed = await system.client.submit(oneStep(['exit 1']))
    const stopped = await system.client.submit(oneStep(['sleep 300']))
    await isRunning(stopped.number)
    await system.client.call('DELETE', `/api/repos/test/app/builds/${stopped.number}`)
    await system.client.ended(passed.number)
    await system.client.ended(failed.number)
    const processes = [...system.apis, ...system.workers]
    const entries = () => processes.flatMap((process) => readLog(process.log()))
    // Each milestone of a stage, on both sides, by its place. Clean-up and its end come after the result.
    const milestones = [passed, failed].flatMap(({ id, stages }) =>
      ['stage accepted', 'stage started', 'stage finished', 'stage over'].map((message) => ({
        message,
        'build.id': id,
        'stage.id': stages?.[0]?.id,
      })),
    )
    milestones.push({
      message: 'cancel acknowledged',
      'build.id': stopped.id,
      'stage.id': stopped.stages?.[0]?.id,
    })
    for (const wanted of milestones)
      await waitUntil(`${wanted.message} of build ${wanted['build.id']}`, () =>
        entries().some((entry) =>
          Object.entries(wanted).every(([name, value]) => entry[name] === value),
        ),
      )
    const log = entries()
    for (const entry of log)
      expect(entry).toMatchObject({ time: expect.any(String), level: expect.any(String) })
    expect(log.filter((entry) => 'stage.id' in entry && !('build.id' in entry))).toEqual([])
    expect(log).toContainEqual(
      expect.objectContaining({ message: 'build created', 'build.id': passed.id }),
    )
  })

  it("shows Drone's gauges and the load of each partition, the same on every API process", async () => {
    const label = { nobody: 'serves-this' }
    const waiting = await system.client.submit(oneStep(['true'], { node: label }))
    const running = await system.client.submit(oneStep(['sleep 300']))
    await isRunning(running.number)
    // The oldest has waited for longer than a scrape rounds away.
    const waits = await waitUntil('the wait to grow', async () => {
      const metrics = await metricsOf()
      const wait = [...metrics].find(
        ([name, value]) => name.startsWith('waggle_partition_oldest_wait_seconds{') && value > 0.5,
      )
      return wait && { metrics, partition: wait[0].slice(wait[0].indexOf('{')) }
    })
    const names = [
      'drone_build_count',
      'drone_pending_builds',
      'drone_running_builds',
      'drone_pending_jobs',
      'drone_running_jobs',
      'drone_repo_count',
      'drone_user_count',
    ]
    for (const metrics of [waits.metrics, await metricsOf(1)]) {
      expect(names.filter((name) => !((metrics.get(name) ?? 0) > 0))).toEqual([])
      expect(waits.partition).toContain('serves-this')
      expect(metrics.get(`waggle_partition_pending${waits.partition}`)).toBe(1)
      expect(metrics.get(`waggle_partition_running${waits.partition}`)).toBe(0)
      const runs = [...metrics].filter(
        ([name, value]) => name.startsWith('waggle_partition_running{') && value === 1,
      )
      expect(runs).toHaveLength(1)
    }
    for (const { number } of [waiting, running])
      await system.client.call('DELETE', `/api/repos/test/app/builds/${number}`)
    await waitUntil('nothing to wait', async () => {
      const metrics = await metricsOf()
      return metrics.get('drone_pending_jobs') === 0 && metrics.get('drone_running_jobs') === 0
    })
  })

  it('shows metrics to admins only', async () => {
    const answer = await fetch(`${system.client.server}/metrics`)
    expect(answer.status).toBe(401)
    expect(await answer.text()).toBe('Invalid or missing prometheus token\n')
  })

  it('answers /healthz and /readyz on every process', async () => {
    for (const api of system.apis) {
      expect(await health(api.url, '/healthz')).toEqual({ status: 200, text: 'OK' })
      const ready = await health(api.url, '/readyz')
      expect(ready.status).toBe(200)
      expect(JSON.parse(ready.text)).toEqual({ status: 'ready', database: true, redis: true })
    }
    for (const worker of system.workers) {
      expect((await health(worker.url, '/healthz')).status).toBe(200)
      expect(await health(worker.url, '/readyz')).toEqual({ status: 200, text: 'OK\n' })
    }
  })

  it('is degraded without Redis, not ready without the database, and ready again by itself', async () => {
    const states = async (wanted: readonly [number, string]) => {
      const [code, name] = wanted
      await waitUntil(`the API to be ${name}`, async () => {
        const answer = await fetch(`${system.client.server}/readyz`)
        const { status } = (await answer.json()) as { status: string }
        return answer.status === code && status === name
      })
    }
    await system.redis.crash()
    await states([200, 'degraded'])
    expect((await health(system.client.server, '/healthz')).status).toBe(200)
    await system.redis.restart()
    await states([200, 'ready'])
    await system.postgres?.crash()
    await states([503, 'unavailable'])
    // The process lives: restarting it would not help.
    expect((await health(system.client.server, '/healthz')).status).toBe(200)
    await system.postgres?.restart()
    await states([200, 'ready'])
  })

  it('stops an API process on SIGTERM while a build runs, and nothing is lost', async () => {
    const { number } = await system.client.submit(
      oneStep([
        'for i in $(seq 1 40); do echo "line $i"; sleep 0.05; done',
        'until [ -e /ledger/back ]; do sleep 0.1; done',
      ]),
    )
    await isRunning(number)
    const [first] = system.apis
    first?.signal('SIGTERM')
    await first?.exited()
    expect(first?.log()).toContain('api stops')
    const build = await system.clientOf(1).build(number)
    expect(build.status).toBe('running')
    await first?.start()
    writeFileSync(join(system.ledger, 'back'), '')
    const ended = await system.client.ended(number)
    expect(ended.status).toBe('success')
    const text = (await system.client.log(number, 1, 1)).map((line) => line.out).join('')
    for (let i = 1; i <= 40; i++) expect(text).toContain(`line ${i}\n`)
  })

  it('stops a worker on SIGTERM only after what it runs, which others then go on with', async () => {
    const text = pipelineText([
      {
        name: 'one',
        commands: [
          'until [ -e /ledger/stopping ]; do sleep 0.1; done',
          'echo "$DRONE_STAGE_MACHINE" >> /ledger/drained',
        ],
      },
      { name: 'two', commands: ['echo "$DRONE_STAGE_MACHINE" >> /ledger/drained'] },
    ])
    const { number } = await system.client.submit(text)
    await isRunning(number)
    const machine = (await system.client.build(number)).stages?.[0]?.machine
    const holder = system.workers.find((worker) => worker.name === machine)
    holder?.signal('SIGTERM')
    await waitUntil('the worker to take nothing new', async () => {
      const answer = await health(holder?.url ?? '', '/readyz')
      return answer.status === 503 && answer.text === 'stopping\n'
    })
    const next = await system.client.submit(oneStep(['true']))
    writeFileSync(join(system.ledger, 'stopping'), '')
    await holder?.exited()
    expect(holder?.log()).toContain('"worker stopped"')
    const ended = await system.client.ended(number)
    expect(ended.status).toBe('success')
    expect(ended.stages?.[0]?.machine).toBe(machine)
    expect(readLedger(system, 'drained')).toHaveLength(2)
    const other = await system.client.ended(next.number)
    expect(other.status).toBe('success')
    expect(other.stages?.[0]?.machine).not.toBe(machine)
    await holder?.start()
  })

  it('lists every setting, with its type, in docs/configuration.md', () => {
    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
    const settings = Object.values(config)
      .filter((group) => typeof group === 'object' && group !== null)
      .flatMap((group) => Object.values(group as Record<string, { name?: unknown }>))
      .map((setting) => setting?.name)
      .filter((name): name is string => typeof name === 'string' && name.startsWith('WAGGLE_'))
    expect(settings.length).toBeGreaterThan(30)
    for (const name of settings) expect(page).toContain(`| \`${name}\``)
  })

  it('ends at its start with a sentence about every wrong setting', async () => {
    const [api] = system.apis
    await api?.stop()
    const wrong = { WAGGLE_API_PORT: 'x', WAGGLE_LOG_LEVEL: 'loud' }
    await expect(api?.start(wrong)).rejects.toThrow(/WAGGLE_LOG_LEVEL: .*WAGGLE_API_PORT: /)
    await api?.start()
  })
})
