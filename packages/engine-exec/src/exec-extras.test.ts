import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  type Healthcheck,
  type Probe,
  type Spec,
  type SpecVolume,
  silentLogger,
} from '@waggle/domain'
import { freePort, makeSpec, runNamed, tempFolder } from '@waggle/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { createExecEngine } from './exec-engine.ts'

const temp = await tempFolder('exec-extras')
const root = join(temp.path, 'stages')
const engine = createExecEngine({ root, log: silentLogger })
afterAll(() => temp.remove())

let stages = 0
const makeStage = (
  script: string,
  more: Partial<Spec> & { healthcheck?: Healthcheck } = {},
): Spec => {
  const { healthcheck, ...rest } = more
  const id = `waggle-test-${++stages}-1`
  const folder = join(root, id)
  const labels = {
    'io.waggle.installation': 'test',
    'io.waggle.stage': `${stages}`,
    'io.waggle.attempt': '1',
  }
  const step = {
    name: 'one',
    script,
    workingDir: join(folder, 'drone', 'src'),
    entrypoint: ['/bin/sh', '-e'],
    command: [join(folder, 'opt', 'one')],
    environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    labels,
    ...(healthcheck ? { healthcheck } : {}),
  }
  return makeSpec([step], { root: folder, network: { id, labels, options: {} }, ...rest })
}

describe('caches of the exec engine', () => {
  const owner = () => `t${randomUUID().slice(0, 8)}`
  const cache = (of: string, scope: string, more: object = {}): SpecVolume =>
    ({
      kind: 'cache',
      id: `waggle-cache-${of}-1-${scope}-abc`,
      name: 'm',
      labels: {},
      ...more,
    }) as SpecVolume

  const inStage = async (volume: SpecVolume, script: string): Promise<string> => {
    const spec = makeStage(script.replaceAll('CACHE', join(root, 'caches', volume.id)), {
      volumes: [volume],
    })
    await engine.setup(spec)
    try {
      return (await runNamed(engine, spec, 'one')).text
    } finally {
      await engine.destroy(spec)
    }
  }

  it('outlive the stage; that of a pull request begins as a copy and stays its own', async () => {
    const me = owner()
    const request = cache(me, 'pr-1', { filledFrom: cache(me, 'own').id })
    await inStage(cache(me, 'own'), 'echo trusted >CACHE/file')
    expect(await inStage(request, 'cat CACHE/file; echo theirs >CACHE/file')).toBe('trusted\n')
    expect(await inStage(request, 'cat CACHE/file')).toBe('theirs\n')
    expect(await inStage(cache(me, 'own'), 'cat CACHE/file')).toBe('trusted\n')
  })

  it('are purged by age and by size, but not while a stage uses them', async () => {
    const me = owner()
    const limits = { maxAgeMs: 3_600_000, totalBytes: 0 }
    const large = cache(me, 'own', { labels: { 'io.waggle.cache.size-bytes': '10' } })
    await inStage(large, 'echo more than ten bytes >CACHE/file')
    await inStage(cache(me, 'pr-1'), 'true')
    const using = makeStage('true', { volumes: [large] })
    await engine.setup(using)
    expect(await engine.purgeCaches?.(me, limits)).toBe(0)
    await engine.destroy(using)
    expect(await engine.purgeCaches?.(me, limits)).toBe(1)
    expect(await engine.purgeCaches?.(me, { ...limits, maxAgeMs: -1 })).toBe(1)
    expect(existsSync(join(root, 'caches', large.id))).toBe(false)
  })

  it('are folders by name only', async () => {
    const volume = cache('x', 'own', { id: '../../elsewhere' })
    await expect(engine.setup(makeStage('true', { volumes: [volume] }))).rejects.toThrow(
      'has no name of its own',
    )
  })
})

describe('healthchecks of the exec engine', () => {
  const ask = async (script: string, probe: Probe, timeoutMs = 5_000) => {
    const healthcheck = { probe, intervalMs: 1, timeoutMs, retries: 1, startPeriodMs: 0 }
    const spec = makeStage(script, { healthcheck })
    await engine.setup(spec)
    const stop = new AbortController()
    const up = Promise.withResolvers<void>()
    const running = runNamed(engine, spec, 'one', {
      signal: stop.signal,
      killGraceMs: 0,
      output: { write: () => up.resolve() },
    })
    await Promise.race([up.promise, running])
    try {
      const [step] = spec.steps
      if (step === undefined || engine.probe === undefined) throw new Error('cannot be asked')
      return await engine.probe(spec, step, { try: 1, environment: {}, signal: stop.signal })
    } finally {
      stop.abort()
      await running
      await engine.destroy(spec)
    }
  }
  const ready = { isReady: true, detail: '' }
  const sh = (line: string): Probe => ({ kind: 'command', command: ['/bin/sh', '-c', line] })

  it('run a command where the step runs, and are ready by its exit code', async () => {
    const script = 'touch ready; echo up; sleep 30'
    expect(await ask(script, sh('test -e ready'))).toEqual(ready)
    expect(await ask(script, sh('echo no; exit 3'))).toEqual({
      isReady: false,
      detail: 'exit code 3: no',
    })
    expect((await ask(script, sh('sleep 30'), 200)).isReady).toBe(false)
  })

  it('ask ports and paths on loopback', async () => {
    const port = await freePort()
    const closed = await freePort()
    const server = `node -e "require('http').createServer((q, a) => { a.statusCode = q.url === '/health' ? 200 : 503; a.end() }).listen(${port}, '127.0.0.1', () => console.log('up'))"`
    expect(await ask(server, { kind: 'port', port })).toEqual(ready)
    expect(await ask(server, { kind: 'http', port, path: '/health' })).toEqual(ready)
    expect(await ask(server, { kind: 'http', port, path: '/' })).toEqual({
      isReady: false,
      detail: 'GET /: status 503',
    })
    expect(await ask('echo up; sleep 30', { kind: 'port', port: closed })).toEqual({
      isReady: false,
      detail: `nothing listens on port ${closed}`,
    })
  })
})
