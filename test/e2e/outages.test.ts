import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EngineGate, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oneStep, pipelineText } from '../harness/pipeline-text.ts'
import { type LogEntry, readLog } from '../harness/read-log.ts'
import { dockerSocket, readLedger, type System, startSystem } from '../harness/start-system.ts'

/** What a process said about an outage: the text, and the sentence that says what to do. */
const saidBy = (app: { log(): string }, text: string): LogEntry | undefined =>
  readLog(app.log()).findLast((entry) => entry.message.includes(text))

describe.each([
  { database: 'sqlite', apis: 1 },
  { database: 'postgres', apis: 2 },
] as const)('bad input: what is missing, on $database', ({ database, apis }) => {
  let system: System
  let gate: EngineGate
  beforeAll(async () => {
    system = await startSystem({ database, apis, workers: 0, timeScale: 0.5, logLevel: 'info' })
    gate = new EngineGate(join(system.folder, 'engine.sock'), dockerSocket())
    await gate.open()
    // One worker behind a gate, one that reaches the engine as it is.
    await system.addWorker({ WAGGLE_DOCKER_SOCKET: gate.path, WAGGLE_WORKER_LABELS: 'way:gate' })
    await system.addWorker()
  })
  afterAll(async () => {
    await system?.stop()
    await gate?.shut()
  })

  const all = () => [...system.apis, ...system.workers]
  const isRunning = (number: number) =>
    waitUntil('the step to run', async () => {
      const build = await system.client.build(number)
      return build.stages?.[0]?.steps?.[0]?.status === 'running'
    })
  const isReady = (app: { readonly url: string }) =>
    waitUntil('to be ready', async () => {
      const answer = await fetch(`${app.url}/readyz`)
      return answer.ok && !(await answer.text()).includes('degraded')
    })

  it('Redis missing at the start: one sentence, builds are taken, and all goes on when it comes', async () => {
    await Promise.all(all().map((app) => app.stop()))
    await system.redis.crash()
    await Promise.all(all().map((app) => app.start()))
    for (const app of all()) {
      const said = await waitUntil(`${app.name} to say so`, () =>
        saidBy(app, 'redis does not answer'),
      )
      expect(said.level).toBe('warn')
      expect(said['reason']).toMatch(
        /^Redis at 127\.0\.0\.1:\d+ does not answer: start it, or set WAGGLE_REDIS_URL$/,
      )
    }
    const { number } = await system.client.submit(oneStep(['echo "ran" >> /ledger/redis']))
    await system.redis.restart()
    for (const app of system.apis) await isReady(app)
    expect((await system.client.ended(number)).status).toBe('success')
    for (const app of all())
      await waitUntil(`${app.name} to see it`, () => saidBy(app, 'redis found'))
    const next = await system.client.submit(oneStep(['echo "ran" >> /ledger/redis']))
    expect((await system.client.ended(next.number)).status).toBe('success')
    expect(readLedger(system, 'redis')).toHaveLength(2)
  })

  it('database missing or locked at the start: one sentence, and it goes on by itself', async () => {
    await Promise.all(system.apis.map((api) => api.stop()))
    const release = await takeDatabase(system)
    const starts = system.apis.map((api) => api.start())
    for (const api of system.apis) {
      const said = await waitUntil(`${api.name} to say so`, () =>
        saidBy(api, 'waiting for the database'),
      )
      expect(said['reason']).toMatch(
        database === 'sqlite'
          ? /^Another process uses the database .*: stop it first, or use PostgreSQL/
          : /^The database does not answer: start it, or set WAGGLE_DATABASE_URL\.$/,
      )
    }
    await release()
    await Promise.all(starts)
    const { number } = await system.client.submit(oneStep(['true']))
    expect((await system.client.ended(number)).status).toBe('success')
  })

  it('database locked while it is used: 503 and a sentence, and it goes on by itself', async () => {
    const release = await lockDatabase(system)
    const submit = () =>
      system.client.call('POST', '/api/builds', {
        repository: 'test/app',
        pipeline: oneStep(['true']),
      })
    const refused = await submit()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(refused.json<{ message: string }>().message).toMatch(/^The database /)
    await release()
    await waitUntil('a build to be taken', async () => (await submit()).status === 200)
    const builds = (await system.client.call('GET', '/api/repos/test/app/builds')).json<
      { number: number }[]
    >()
    expect((await system.client.ended(builds[0]?.number ?? 0)).status).toBe('success')
  })

  it('engine down at the start of a worker: one sentence, nothing taken, and it goes on by itself', async () => {
    const [worker] = system.workers
    await worker?.stop()
    await gate.shut()
    await worker?.start()
    const said = await waitUntil('the worker to say so', () =>
      saidBy(worker ?? system.apis[0] ?? { log: () => '' }, 'the engine does not answer'),
    )
    expect(said['reason']).toBe(
      `start the container engine at ${gate.path}, or set WAGGLE_DOCKER_SOCKET`,
    )
    const answer = await fetch(`${worker?.url}/readyz`)
    expect([answer.status, await answer.text()]).toEqual([503, 'the engine does not answer\n'])
    const { number } = await system.client.submit(oneStep(['true'], { node: { way: 'gate' } }))
    // Another worker's stages go on meanwhile.
    const other = await system.client.submit(oneStep(['true']))
    expect((await system.client.ended(other.number)).status).toBe('success')
    expect((await system.client.build(number)).status).toBe('pending')
    await gate.open()
    expect((await system.client.ended(number)).status).toBe('success')
  })

  it('engine down during a build: the step goes on, no line is lost, and the build passes', async () => {
    const [worker] = system.workers
    const { number } = await system.client.submit(
      pipelineText(
        [
          {
            name: 'one',
            commands: ['for i in $(seq 1 30); do echo "line $i"; sleep 0.1; done'],
          },
          { name: 'two', commands: ['echo "ran" >> /ledger/engine'] },
        ],
        { node: { way: 'gate' } },
      ),
    )
    await isRunning(number)
    await gate.shut()
    await waitUntil('the worker to be not ready', async () => {
      const answer = await fetch(`${worker?.url}/readyz`)
      return answer.status === 503
    })
    expect((await system.client.build(number)).status).toBe('running')
    await gate.open()
    const ended = await system.client.ended(number)
    expect(ended.status).toBe('success')
    const lines = (await system.client.log(number, 1, 1)).map((line) => line.out)
    expect(lines.filter((line) => line.startsWith('line '))).toEqual(
      Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`),
    )
    expect(readLedger(system, 'engine')).toEqual(['ran'])
  })
})

/** Takes the database away from a process that starts. Gives what brings it back. */
const takeDatabase = async ({ postgres, folder }: System): Promise<() => Promise<void>> => {
  if (postgres) {
    await postgres.crash()
    return () => postgres.restart()
  }
  const other = new DatabaseSync(join(folder, 'api-1/waggle.db.lock'), { timeout: 10_000 })
  other.exec('begin exclusive')
  return async () => other.close()
}

/** Locks the database under processes that use it. */
const lockDatabase = async ({ postgres, folder }: System): Promise<() => Promise<void>> => {
  if (postgres) {
    const other = spawn('psql', [postgres.url, '-q'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const locked = new Promise<void>((resolve) => other.stdout.once('data', () => resolve()))
    other.stdin.write(
      "begin; lock table builds, repos in access exclusive mode; select 'locked';\n",
    )
    await locked
    return async () => {
      other.stdin.end('rollback;\n')
      await new Promise((resolve) => other.once('exit', resolve))
    }
  }
  // Those who use it may be writing just then.
  const other = new DatabaseSync(join(folder, 'api-1/waggle.db'), { timeout: 10_000 })
  other.exec('begin immediate')
  return async () => other.close()
}
