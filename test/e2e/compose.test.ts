import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { freePort, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standIns } from '../compose/stand-ins.ts'
import { createClient } from '../harness/client.ts'
import { oneStep } from '../harness/pipeline-text.ts'
import { dockerSocket } from '../harness/start-system.ts'

const root = resolve(import.meta.dirname, '../..')
const project = `waggle${randomBytes(4).toString('hex')}`

/** `docker compose` where the plugin is there, else `docker-compose`. */
const program = (): readonly string[] =>
  spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0
    ? ['docker', 'compose']
    : ['docker-compose']

/** What is looked at in the engine's answer, of a container or of an image. */
interface ContainerFacts {
  readonly Name: string
  readonly Size?: number
  readonly State: { readonly Health?: { readonly Status: string } }
  readonly Config: { readonly User: string; readonly Labels: Readonly<Record<string, string>> }
  readonly HostConfig: { readonly PortBindings: Readonly<Record<string, readonly object[]>> | null }
  readonly Mounts: readonly {
    readonly Type: string
    readonly Name?: string
    readonly Destination: string
  }[]
}

const serviceOf = (one: ContainerFacts): string =>
  one.Config.Labels['com.docker.compose.service'] ?? ''

describe('point 3: docker compose up', () => {
  let port = 0
  const compose = (...args: readonly string[]) => {
    const [command = '', ...first] = program()
    const done = spawnSync(command, [...first, '-p', project, ...args], {
      cwd: root,
      encoding: 'utf8',
      timeout: 600_000,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        DOCKER_HOST: `unix://${dockerSocket()}`,
        DOCKER_BUILDKIT: '0',
        COMPOSE_DOCKER_CLI_BUILD: '0',
        WAGGLE_IMAGE: `${project}:test`,
        WAGGLE_BUILD_NETWORK: 'host',
        WAGGLE_PUBLISH: `127.0.0.1:${port}`,
        WAGGLE_DOCKER_SOCKET: dockerSocket(),
        WAGGLE_CLONE_IMAGE: 'waggle/git:1',
      },
    })
    if (done.status !== 0)
      throw new Error(
        `compose ${args.join(' ')}: ${done.stdout.slice(-2_000)}${done.stderr.slice(-4_000)}`,
      )
    return done.stdout
  }

  beforeAll(async () => {
    port = await freePort()
    standIns(['node:24-bookworm-slim', 'redis:7', 'postgres:17'])
    compose('build', 'api')
    compose('up', '-d', '--no-build', '--scale', 'worker=5')
  }, 900_000)

  afterAll(() => {
    compose('down', '-v', '--remove-orphans')
    spawnSync('docker', ['image', 'rm', '-f', `${project}:test`], {
      env: { ...process.env, DOCKER_HOST: `unix://${dockerSocket()}` },
    })
  }, 120_000)

  it('serves a build on five workers with five identities', async () => {
    const server = `http://127.0.0.1:${port}`
    await waitUntil(
      'the API to be ready',
      async () => (await fetch(`${server}/readyz`)).ok,
      120_000,
      500,
    )
    const token = compose('exec', '-T', 'api', 'cat', '/data/admin-token').trim()
    const client = createClient({ server, token })
    const workers = await waitUntil(
      'five workers',
      async () => {
        const list = (await client.call('GET', '/api/workers')).json<{ id: string }[]>()
        return list.length === 5 ? list : null
      },
      120_000,
      500,
    )
    expect(new Set(workers.map((worker) => worker.id)).size).toBe(5)
    const { number } = await client.submit(oneStep(['echo "from compose"']))
    const build = await client.ended(number, 60_000)
    expect(build.status).toBe('success')
    const text = (await client.log(number, 1, 1)).map((line) => line.out).join('')
    expect(text).toContain('from compose\n')
  }, 300_000)

  it('makes healthy containers, without root where possible, with named volumes and no fixed names or ports', async () => {
    const inspect = (...args: readonly string[]) => {
      const done = spawnSync('docker', ['inspect', ...args], {
        encoding: 'utf8',
        env: { ...process.env, DOCKER_HOST: `unix://${dockerSocket()}` },
      })
      expect([done.status, done.stderr]).toEqual([0, ''])
      return JSON.parse(done.stdout) as ContainerFacts[]
    }
    const facts = await waitUntil(
      'all to be healthy',
      () => {
        const all = inspect(...compose('ps', '-q').trim().split('\n'))
        const running = all.filter((one) => serviceOf(one) !== 'credentials')
        return running.every((one) => one.State.Health?.Status === 'healthy') ? running : null
      },
      120_000,
      500,
    )
    const services = facts.map(serviceOf).sort()
    expect(services).toEqual(['api', 'postgres', 'redis', ...Array<string>(5).fill('worker')])
    // Who is root in its container, by the process itself: the workers alone, for the engine's socket.
    const userOf = (service: string) =>
      compose('exec', '-T', service, 'sh', '-c', 'grep ^Uid: /proc/[0-9]*/status 2>&1; true')
        .split('\n')
        .filter((line) => line.includes('Uid:'))
        .map((line) => Number(/Uid:\s+(\d+)/.exec(line)?.[1]))
    expect(userOf('api').length).toBeGreaterThan(1)
    expect(userOf('api')).not.toContain(0)
    for (const one of facts) {
      const service = serviceOf(one)
      expect(one.Name).toMatch(new RegExp(`^/${project}[-_]${service}[-_]\\d+$`))
      const ports = Object.values(one.HostConfig.PortBindings ?? {}).flat()
      expect(ports).toEqual(service === 'api' ? [{ HostIp: '127.0.0.1', HostPort: `${port}` }] : [])
      const volumes = one.Mounts.filter((mount) => mount.Type === 'volume').map((each) => each.Name)
      expect(volumes).not.toEqual([])
      for (const volume of volumes) expect(volume).toMatch(new RegExp(`^${project}_[a-z]+`))
    }
    // Five identities on one volume.
    const folders = facts
      .filter((one) => serviceOf(one) === 'worker')
      .map((one) => one.Mounts.find((mount) => mount.Destination === '/data')?.Name)
    expect(new Set(folders).size).toBe(1)
    const [image] = inspect(`${project}:test`)
    const [base] = inspect('node:24-bookworm-slim')
    // What Waggle adds to Node's own image: git, the packages that run, the sources, and their compiled code.
    expect((image?.Size ?? 0) - (base?.Size ?? 0)).toBeLessThan(250_000_000)
    expect(image?.Config.User).toBe('node')
  }, 300_000)

  it('keeps builds and identities over a restart of everything', async () => {
    const server = `http://127.0.0.1:${port}`
    const token = compose('exec', '-T', 'api', 'cat', '/data/admin-token').trim()
    const client = createClient({ server, token })
    const before = (await client.call('GET', '/api/workers'))
      .json<{ id: string }[]>()
      .map((one) => one.id)
      .sort()
    compose('restart')
    await waitUntil(
      'the API to be ready',
      async () => (await fetch(`${server}/readyz`)).ok,
      120_000,
      500,
    )
    const { number } = await client.submit(oneStep(['true']))
    expect((await client.ended(number, 90_000)).status).toBe('success')
    const after = (await client.call('GET', '/api/workers'))
      .json<{ id: string }[]>()
      .map((one) => one.id)
      .sort()
    expect(after).toEqual(before)
  }, 300_000)
})
