import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Engine, scaledTimers, silentLogger } from '@waggle/domain'
import {
  type DockerStep,
  dockerStage,
  runNamed,
  startDocker,
  type TestDocker,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'
import { tinyImage } from './tiny-image.ts'

let docker: TestDocker
let engine: Engine
/** Waits longer for the end of what was killed. */
let patient: Engine
let client: EngineClient
let registry: Server | undefined

beforeAll(async () => {
  docker = await startDocker()
  const timers = scaledTimers(0.02)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger, timers })
  patient = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  client = new EngineClient(docker.socket)
}, 120_000)

afterEach(() => {
  registry?.closeAllConnections()
  registry?.close()
})

afterAll(async () => {
  await engine?.close()
  await patient?.close()
  client?.close()
  await docker?.stop()
})

/** A registry on the loopback; gives its address. */
const startRegistry = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  registry = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answering = async (status: number, body: object = {}) => {
  const asked: string[] = []
  const address = await startRegistry((request, response) => {
    const url = request.url ?? ''
    if (url.includes('/manifests/')) asked.push(url)
    response.writeHead(url === '/v2/' ? 200 : status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  return { address, asked }
}

const runImage = async (
  step: Partial<DockerStep>,
  more: Parameters<typeof runNamed>[3] = {},
  by = engine,
) => {
  const spec = dockerStage([{ name: 'one', mounts: [], workingDir: '', ...step }])
  await by.setup(spec)
  try {
    return await runNamed(by, spec, 'one', more)
  } finally {
    await by.destroy(spec)
  }
}

describe('F18 pulling an image', () => {
  it('fails at once where the registry does not know it', async () => {
    const { address, asked } = await answering(404, {
      errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }],
    })
    await expect(runImage({ image: `${address}/a/b:1` })).rejects.toMatchObject({
      code: 'image_not_pulled',
      message: expect.stringContaining(`cannot pull ${address}/a/b:1: `),
    })
    // HEAD and GET of one try.
    expect(asked.length).toBeLessThanOrEqual(2)
    expect(new Set(asked)).toEqual(new Set(['/v2/a/b/manifests/1']))
  })

  it('tries four times where the registry fails, says so, and then gives up', async () => {
    const { address } = await answering(500, { errors: [{ code: 'UNKNOWN', message: 'broken' }] })
    const shown: string[] = []
    await expect(
      runImage(
        { image: `${address}/a/b:1` },
        {
          output: {
            write: (bytes) => {
              shown.push(Buffer.from(bytes).toString('utf8'))
            },
          },
        },
      ),
    ).rejects.toMatchObject({ code: 'image_not_pulled', kind: 'internal' })
    expect(shown.filter((line) => line.startsWith('pull failed, trying again'))).toHaveLength(3)
  })

  it('is cancelled while the registry hangs', async () => {
    const stop = new AbortController()
    const address = await startRegistry((request, response) => {
      if (request.url === '/v2/') response.end('{}')
      else stop.abort()
    })
    await expect(
      runImage({ image: `${address}/a/b:1` }, { signal: stop.signal }),
    ).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('pulls with the credentials of the step, shows the progress, and runs what it got', async () => {
    const image = await tinyImage(client)
    let withCredentials = 0
    const address = await startRegistry((request, response) => {
      const expected = `Basic ${Buffer.from('robot:p/w:d').toString('base64')}`
      if (request.headers.authorization !== expected) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('{}')
        return
      }
      withCredentials++
      image(request, response)
    })
    const step = { image: `${address}/tiny/image:latest`, entrypoint: ['/pause'] }
    await expect(runImage(step)).rejects.toMatchObject({ code: 'image_not_pulled' })
    const stop = new AbortController()
    const ran = await runImage(
      { ...step, auth: { address, username: 'robot', password: 'p/w:d' } },
      { signal: stop.signal, killGraceMs: 20, onStarted: () => stop.abort() },
      patient,
    )
    expect(withCredentials).toBeGreaterThan(0)
    expect(ran.text.split('\n')).toEqual([
      'latest: Pulling from tiny/image',
      expect.stringMatching(/^Digest: sha256:[0-9a-f]{64}$/),
      `Status: Downloaded newer image for ${address}/tiny/image:latest`,
      '',
    ])
    expect(ran.code).toBe(137)
    // By its id: the marks of who has pulled it go too.
    const { Id } = await client.call<{ Id: string }>('GET', `/images/${step.image}/json`)
    await client.call('DELETE', `/images/${Id}`, { query: { force: 'true' } })
  })
})

describe('images of later steps', () => {
  const later = (image: string, more: Partial<DockerStep> = {}) =>
    dockerStage([
      { name: 'a', image: 'waggle/nowhere:1', pull: 'never' },
      { name: 'b', image, entrypoint: ['/pause'], dependsOn: ['a'], ...more },
    ])
  const isThere = (image: string) =>
    client.call('GET', `/images/${encodeURIComponent(image)}/json`).then(
      () => true,
      () => false,
    )

  it('F18 are pulled while earlier ones run', async () => {
    const address = await startRegistry(await tinyImage(client))
    const image = `${address}/tiny/ahead:1`
    const spec = later(image)
    await patient.setup(spec)
    try {
      await waitUntil('the image', () => isThere(image))
      registry?.closeAllConnections()
      registry?.close()
      const stop = new AbortController()
      const ran = await runNamed(patient, spec, 'b', {
        ...{ signal: stop.signal, killGraceMs: 20, onStarted: () => stop.abort() },
      })
      // Nothing was left to pull, so nothing is said of it.
      expect(ran).toMatchObject({ code: 137, text: '' })
    } finally {
      await patient.destroy(spec)
      await client.call('DELETE', `/images/${image}`, { query: { force: 'true' } })
    }
  })

  it.each([
    ['must not be pulled', { pull: 'never' }],
    ['run only after a failure', { runPolicy: 'on-failure' }],
    ['do not run', { runPolicy: 'never' }],
    ['are the first', { dependsOn: [] }],
  ] as const)('F18 are left alone where the steps %s', async (_what, more) => {
    const first = await answering(404)
    const image = `${first.address}/a/b:1`
    const steps = [
      ...later(image, more).steps,
      ...later(`${first.address}/last/one:1`).steps.slice(1),
    ]
    const spec = { ...later(image), steps }
    await engine.setup(spec)
    try {
      // They go in order: when the last was asked for, the others were passed over.
      await waitUntil('the last image', () => first.asked.some((url) => url.includes('/last/')))
      expect(first.asked.filter((url) => !url.includes('/last/'))).toEqual([])
    } finally {
      await engine.destroy(spec)
    }
  })

  it('F18 are given up with the stage', async () => {
    let isAsked = false
    const address = await startRegistry((request, response) => {
      if (request.url === '/v2/') response.end('{}')
      else isAsked = true
    })
    const spec = later(`${address}/a/b:1`)
    await engine.setup(spec)
    await waitUntil('the pull', () => isAsked)
    await engine.destroy(spec)
    expect(await isThere(`${address}/a/b:1`)).toBe(false)
  })
})
