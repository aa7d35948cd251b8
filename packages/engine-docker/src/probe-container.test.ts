import { type Engine, type Healthcheck, type Probe, silentLogger } from '@waggle/domain'
import { dockerStage, runNamed, startDocker, type TestDocker, testImages } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'

let docker: TestDocker
let engine: Engine

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
}, 120_000)

afterAll(async () => {
  await engine?.close()
  await docker?.stop()
})

const checkOf = (probe: Probe, timeoutMs = 5_000): Healthcheck => ({
  probe,
  intervalMs: 100,
  timeoutMs,
  retries: 3,
  startPeriodMs: 0,
})

/** Runs a service, and asks it by each of the checks in turn. */
const asking = async (
  script: string,
  checks: readonly Healthcheck[],
  { network = '', until = 'up\n' } = {},
) => {
  const [first] = checks
  if (first === undefined) throw new Error('no checks')
  const spec = dockerStage([{ name: 'db', script, detach: true, healthcheck: first, network }])
  await engine.setup(spec)
  const stop = new AbortController()
  const up = Promise.withResolvers<void>()
  let text = ''
  const running = runNamed(engine, spec, 'db', {
    signal: stop.signal,
    killGraceMs: 0,
    output: {
      write: (bytes) => {
        text += Buffer.from(bytes).toString()
        if (text.includes(until)) up.resolve()
      },
    },
  })
  try {
    await Promise.race([up.promise, running])
    const results = []
    for (const healthcheck of checks) {
      const step = { ...spec.steps[0]!, healthcheck }
      const options = { try: 1, environment: {}, signal: stop.signal }
      results.push(await engine.probe?.(spec, step, options))
    }
    return results
  } finally {
    stop.abort()
    await running
    await engine.destroy(spec)
  }
}

const ready = { isReady: true, detail: '' }
// The server of busybox, in the background, with a file to serve.
const server =
  'mkdir -p /www && echo hi >/www/health && httpd -p 8080 -h /www && echo up && sleep 60'

describe('a probe by command', () => {
  it('runs in the container, and is ready by its exit code', async () => {
    const command = (line: string) => checkOf({ kind: 'command', command: ['/bin/sh', '-c', line] })
    expect(
      await asking('touch /tmp/ready; echo up; sleep 60', [
        command('test -e /tmp/ready'),
        command('echo not yet >&2; exit 3'),
        checkOf({ kind: 'command', command: ['/no/such/program'] }),
      ]),
    ).toEqual([
      ready,
      { isReady: false, detail: 'exit code 3: not yet' },
      { isReady: false, detail: expect.stringContaining('exit code 12') },
    ])
  })

  it('fails when it takes too long, and is not started a second time beside itself', async () => {
    const hanging = checkOf({ kind: 'command', command: ['/bin/sleep', '30'] }, 3_000)
    const next = checkOf({ kind: 'command', command: ['/bin/true'] })
    expect(await asking('echo up; sleep 60', [hanging, next])).toEqual([
      { isReady: false, detail: 'no answer within 3 s' },
      { isReady: false, detail: 'an earlier probe has not ended yet' },
    ])
  })
})

describe('a probe by port', () => {
  it('is ready when something listens', async () => {
    expect(
      await asking(server, [
        checkOf({ kind: 'port', port: 8080 }),
        checkOf({ kind: 'port', port: 8081 }),
      ]),
    ).toEqual([ready, { isReady: false, detail: 'nothing listens on port 8081' }])
  })

  it('asks the container where it has no address of its own', async () => {
    const port = (number: number) => checkOf({ kind: 'port', port: number })
    const results = await asking(server, [port(8080), port(8081)], { network: 'none' })
    expect(results).toEqual([ready, { isReady: false, detail: 'nothing listens on port 8081' }])
  })
})

describe('a probe by path', () => {
  const http = (path: string, port = 8080) => checkOf({ kind: 'http', port, path })

  it('is ready by the status of the answer', async () => {
    expect(await asking(server, [http('/health'), http('/gone'), http('/', 9)])).toEqual([
      ready,
      { isReady: false, detail: 'GET /gone: status 404' },
      { isReady: false, detail: 'nothing listens on port 9' },
    ])
  })

  it('asks the container where it has no address of its own', async () => {
    const [found, gone] = await asking(server, [http('/health'), http('/gone')], {
      network: 'none',
    })
    expect(found).toEqual(ready)
    expect(gone?.isReady).toBe(false)
  })
})

it('a container that has ended is not ready', async () => {
  const check = checkOf({ kind: 'port', port: 80 })
  expect(await asking('true', [check])).toEqual([
    { isReady: false, detail: 'its container does not run' },
  ])
})
