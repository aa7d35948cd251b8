import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Engine,
  isWaggleError,
  noLimits,
  type Spec,
  type SpecVolume,
  silentLogger,
} from '@waggle/domain'
import {
  type DockerStep,
  dockerStage,
  type Ran,
  runNamed,
  startDocker,
  type TestDocker,
  testImages,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerConfig } from './container-config.ts'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'

let docker: TestDocker
let engine: Engine
let strictEngine: Engine
let client: EngineClient
let folder = ''

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  engine = createDockerEngine({ socketPath: docker.socket, log: silentLogger })
  strictEngine = createDockerEngine({
    socketPath: docker.socket,
    log: silentLogger,
    isStrict: true,
  })
  client = new EngineClient(docker.socket)
  folder = await mkdtemp(join(tmpdir(), 'waggle-mount-'))
}, 120_000)

afterAll(async () => {
  await engine?.close()
  await strictEngine?.close()
  client?.close()
  await docker?.stop()
  if (folder !== '') await rm(folder, { recursive: true })
})

interface Inspected {
  readonly Config: {
    readonly User: string
    readonly Entrypoint: readonly string[]
    readonly Cmd: readonly string[] | null
    readonly Labels: Readonly<Record<string, string>>
  }
  readonly HostConfig: Readonly<Record<string, unknown>>
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly Aliases: readonly string[] | null }>>
  }
}

/** Runs one step in a stage of its own; gives its end with what the engine says of its container. */
const runOne = async (
  script: string | undefined,
  more: Partial<DockerStep> = {},
  stage: Partial<Spec> = {},
  on: Engine = engine,
): Promise<Ran & { readonly container: Inspected; readonly spec: Spec }> => {
  const spec = dockerStage([{ name: 'one', ...(script ? { script } : {}), ...more }])
  const whole = { ...spec, ...stage, volumes: [...spec.volumes, ...(stage.volumes ?? [])] }
  await on.setup(whole)
  try {
    const ran = await runNamed(on, whole, 'one')
    const name = `${spec.steps[0]?.id}-1`
    return { ...ran, spec, container: await client.call('GET', `/containers/${name}/json`) }
  } finally {
    await on.destroy(whole)
  }
}

const withMounts = (...mounts: DockerStep['mounts'] & object): Partial<DockerStep> => ({
  mounts: [{ name: '_workspace', path: '/drone' }, ...mounts],
})

const hostVolume = (name: string, path: string, readOnly = false): SpecVolume => ({
  ...{ kind: 'host', id: name, name, path, readOnly, labels: {} },
})

describe.concurrent('F53 container options', { timeout: 60_000 }, () => {
  it('F53 user and working directory are those of the step', async () => {
    const ran = await runOne('id -u; id -g; pwd', { user: '1000:1001', workingDir: '/tmp' })
    expect(ran.text).toBe('1000\n1001\n/tmp\n')
    expect(ran.container.Config.User).toBe('1000:1001')
  })

  it('F53 entrypoint and command replace those of the image, where they say something', async () => {
    const ran = await runOne(undefined, { entrypoint: ['/bin/echo', '-n'], command: ['a b', '$X'] })
    expect(ran.text).toBe('a b $X')
    const own = await runOne(undefined, { command: ['echo', 'by the image'], workingDir: '' })
    expect(own.container.Config.Cmd).toEqual(['echo', 'by the image'])
  })

  it('F53 without a working directory the image decides', async () => {
    const ran = await runOne('pwd', { workingDir: '' })
    expect(ran.text).toBe('/\n')
  })

  it('F53 the size of /dev/shm is that of the step', async () => {
    const ran = await runOne('df -k /dev/shm | tail -1', {
      limits: { ...noLimits, shmBytes: 8 * 1024 * 1024 },
    })
    expect(ran.text).toMatch(/\s8192\s/)
  })

  it('F53 resolvers, search domains and further hosts are those of the step', async () => {
    const ran = await runOne('cat /etc/resolv.conf; cat /etc/hosts', {
      dns: ['192.0.2.53'],
      dnsSearch: ['corp.example'],
      extraHosts: ['registry.example:192.0.2.7'],
    })
    expect(ran.text).toContain('search corp.example')
    expect(ran.text).toMatch(/192\.0\.2\.7\s+registry\.example/)
    // On a network of its own the engine's resolver stands before it.
    expect(ran.container.HostConfig['Dns']).toEqual(['192.0.2.53'])
  })

  it('F53 memory, swap and processor limits reach the container', async () => {
    const ran = await runOne('true', {
      limits: {
        memoryBytes: 64 * 1024 * 1024,
        memorySwapBytes: 96 * 1024 * 1024,
        shmBytes: 0,
        cpuPeriod: 100_000,
        cpuQuota: 50_000,
        cpuShares: 512,
        cpuSet: ['0', '1'],
      },
    })
    expect(ran.container.HostConfig).toMatchObject({
      Memory: 67_108_864,
      MemorySwap: 100_663_296,
      CpuPeriod: 100_000,
      CpuQuota: 50_000,
      CpuShares: 512,
      CpusetCpus: '0,1',
    })
  })

  it('F53 a step without limits gets none', async () => {
    const { container } = await runOne('true')
    expect(container.HostConfig).toMatchObject({
      Memory: 0,
      MemorySwap: 0,
      CpuPeriod: 0,
      CpuQuota: 0,
      CpuShares: 0,
      CpusetCpus: '',
    })
  })

  it('F53 a network mode of its own takes the step off the stage network', async () => {
    const links = 'cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " " | sort'
    const [none, host] = await Promise.all([
      runOne(links, { network: 'none', networks: ['bridge'] }),
      runOne('true', { network: 'host' }),
    ])
    expect(none.text).not.toContain('eth')
    expect(Object.keys(none.container.NetworkSettings.Networks)).toEqual(['none'])
    expect(Object.keys(host.container.NetworkSettings.Networks)).toEqual(['host'])
  })

  it("F53 on the stage network the step's name is its alias", async () => {
    const { container, spec } = await runOne('true')
    expect(container.NetworkSettings.Networks[spec.network.id]?.Aliases).toContain('one')
  })

  it('F50 further networks are joined, each with its name as the alias; one that is missing is passed over', async () => {
    const name = `waggle-test-further-${process.pid}`
    const made = await client.call<{ Id: string }>('POST', '/networks/create', {
      body: { Name: name, IPAM: { Config: [{ Subnet: '10.212.7.0/28' }] } },
    })
    try {
      const { container, code } = await runOne('true', { networks: ['waggle-nowhere', name] })
      expect(code).toBe(0)
      expect(container.NetworkSettings.Networks[name]?.Aliases).toContain(name)
    } finally {
      await client.call('DELETE', `/networks/${made.Id}`)
    }
  })

  it('F50 F52 labels are on container, network and volume, options on the network', async () => {
    const spec = dockerStage([{ name: 'one', script: 'true' }])
    const options = { 'com.docker.network.driver.mtu': '1400' }
    const whole = { ...spec, network: { ...spec.network, options } }
    await engine.setup(whole)
    try {
      await runNamed(engine, whole, 'one')
      const [network, volume, container] = await Promise.all([
        client.call<{ Labels: object; Options: object; Driver: string }>(
          'GET',
          `/networks/${spec.network.id}`,
        ),
        client.call<{ Labels: object }>('GET', `/volumes/${spec.volumes[0]?.id}`),
        client.call<Inspected>('GET', `/containers/${spec.steps[0]?.id}-1/json`),
      ])
      expect(network).toMatchObject({
        Labels: spec.network.labels,
        Options: options,
        Driver: 'bridge',
      })
      expect(volume.Labels).toMatchObject(spec.network.labels)
      expect(container.Config.Labels).toMatchObject(spec.steps[0]?.labels ?? {})
    } finally {
      await engine.destroy(whole)
    }
    await expect(client.call('GET', `/networks/${spec.network.id}`)).rejects.toMatchObject({
      kind: 'not_found',
    })
    await expect(client.call('GET', `/volumes/${spec.volumes[0]?.id}`)).rejects.toMatchObject({
      kind: 'not_found',
    })
  })

  it('F53 a value of any bytes reaches the step as it is, and no option', async () => {
    const value = '" --privileged x\n$(id) `id` \\ \' é'
    const ran = await runOne('printenv ODD', { environment: { ODD: value } })
    expect(ran.text).toBe(`${value}\n`)
    expect(ran.container.HostConfig['Privileged']).toBe(false)
  })
})

describe.concurrent('F13 volumes and devices', { timeout: 60_000 }, () => {
  it('F13 a folder of the host is mounted, to be written or only read', async () => {
    await writeFile(join(folder, 'given'), 'by the host\n')
    const ran = await runOne(
      'cat /rw/given; echo written >/rw/made; echo no >/ro/made2 || echo refused',
      withMounts({ name: 'rw', path: '/rw' }, { name: 'ro', path: '/ro' }),
      { volumes: [hostVolume('rw', folder), hostVolume('ro', folder, true)] },
    )
    expect(ran.text).toContain('by the host\n')
    expect(ran.text).toContain('refused')
    expect(await readFile(join(folder, 'made'), 'utf8')).toBe('written\n')
  })

  it('F13 a temporary volume is shared by the steps that mount it, one of memory is not', async () => {
    const mounts = [
      { name: '_workspace', path: '/drone' },
      { name: 'disk', path: '/disk' },
      { name: 'ram', path: '/ram' },
    ]
    const spec = dockerStage([
      { name: 'a', script: 'echo x >/disk/file; echo y >/ram/file', mounts },
      { name: 'b', script: 'ls /disk /ram; df -k /ram | tail -1', mounts },
    ])
    const { labels } = spec.network
    const temp = (name: string, medium: '' | 'memory'): SpecVolume => ({
      ...{ kind: 'temp', id: `${spec.network.id}-${name}`, name, medium, labels },
      sizeLimitBytes: 1024 * 1024,
    })
    const whole = { ...spec, volumes: [...spec.volumes, temp('disk', ''), temp('ram', 'memory')] }
    await engine.setup(whole)
    try {
      expect((await runNamed(engine, whole, 'a')).code).toBe(0)
      const { text } = await runNamed(engine, whole, 'b')
      expect(text.startsWith('/disk:\nfile\n\n/ram:\n')).toBe(true)
      expect(text.match(/file/g)).toHaveLength(1)
      expect(text).toMatch(/\s1024\s/)
      // X19: nothing is made for a volume of memory, so that nothing is left of it.
      await expect(client.call('GET', `/volumes/${spec.network.id}-ram`)).rejects.toMatchObject({
        kind: 'not_found',
      })
    } finally {
      await engine.destroy(whole)
    }
  })

  it('F13 a path below /dev is a device where the step lists it as one, and a bind where it mounts it', async () => {
    const volumes = [hostVolume('zero', '/dev/zero'), hostVolume('data', folder)]
    const ran = await runOne(
      'head -c 3 /dev/mine | wc -c; head -c 2 /bound | wc -c; ls /dev/data 2>/dev/null',
      {
        ...withMounts({ name: 'zero', path: '/bound' }),
        devices: [
          { name: 'zero', path: '/dev/mine' },
          // No device: it is passed over.
          { name: 'data', path: '/dev/data' },
        ],
      },
      { volumes },
    )
    expect(ran.text).toMatch(/^\s*3\n\s*2\n/)
    expect(ran.container.HostConfig['Devices']).toEqual([
      { PathOnHost: '/dev/zero', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm' },
    ])
  })

  it('F13 an unknown volume is passed over', async () => {
    const ran = await runOne(
      'ls -d /nowhere || echo absent',
      withMounts({ name: 'unknown', path: '/nowhere' }),
    )
    expect(ran.text).toContain('absent')
  })
})

describe('F53 an image', () => {
  it('that begins in a folder of /proc is refused where the step names no folder', async () => {
    const spec = dockerStage([{ name: 'one', script: 'true' }])
    const image = `waggle-test-workdir-${process.pid}`
    await engine.setup(spec)
    try {
      await runNamed(engine, spec, 'one')
      await client.call('POST', '/commit', {
        query: {
          container: `${spec.steps[0]?.id}-1`,
          repo: image,
          changes: 'WORKDIR /proc/self/fd/8',
        },
        body: {},
      })
    } finally {
      await engine.destroy(spec)
    }
    try {
      await expect(runOne('true', { image, pull: 'never', workingDir: '' })).rejects.toMatchObject({
        code: 'working_dir_refused',
      })
    } finally {
      await client.call('DELETE', `/images/${image}`)
    }
  })
})

describe.concurrent('the strict profile', { timeout: 60_000 }, () => {
  it('drops what a build seldom needs, and gives no new privilege', async () => {
    const script = 'grep -E "CapBnd|NoNewPrivs" /proc/self/status | tr -d "\\t "'
    const ran = await runOne(script, {}, {}, strictEngine)
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
    expect(ran.text).toBe('CapBnd:00000000000004eb\nNoNewPrivs:1\n')
    expect(ran.container.HostConfig['Init']).toBe(true)
  })
})

describe('what goes to the engine', () => {
  const configOf = (
    step: Partial<DockerStep>,
    spec: Partial<Spec> = {},
    isStrict = false,
    hostPaths: readonly string[] = ['/'],
  ) => {
    const stage = { ...dockerStage([{ name: 'one', ...step }]), ...spec }
    return containerConfig(stage, stage.steps[0]!, {
      ...{ try: 1, environment: {}, pauseId: '', pidsLimit: 0, isStrict, hostPaths },
    }).HostConfig
  }
  const windows = {
    platform: { os: 'windows', arch: 'amd64', variant: '', version: '1809' },
    volumes: [
      hostVolume('pipe', String.raw`\\.\pipe\docker_engine`),
      hostVolume('data', String.raw`d:\data`, true),
    ],
  }

  it.each([
    ['a colon', '/data:/etc', '/in'],
    ['a colon in the target', '/data', '/in:/etc'],
    ['a step up', '/data/../etc', '/in'],
    ['a step up in the target', '/data', '/in/../etc'],
    ['a NUL', '/da\0ta', '/in'],
    ['no root', 'data', '/in'],
    ['no root in the target', '/data', 'in'],
  ])('F13 a mounted path with %s is refused', (_what, source, path) => {
    const volumes = [hostVolume('bad', source)]
    expect(() => configOf({ mounts: [{ name: 'bad', path }] }, { volumes })).toThrow(/absolute/)
  })

  it.each(['/proc/self/fd/8', '/proc', '//proc/x', '/tmp/../proc/1'])(
    'F53 a step does not work in %s',
    (workingDir) => {
      expect(() => configOf({ workingDir })).toThrow('must not work in')
    },
  )

  it.each([
    ['/data', ['/data'], true],
    ['/data/x/', ['/data/'], true],
    ['/data/x', ['/srv', '/'], true],
    ['/database', ['/data'], false],
    ['/var/run/docker.sock', ['/data'], false],
    ['/var/run/docker.sock', ['/var/run/docker.sock'], true],
    ['/data', [], false],
  ])('F13 %s is mounted where %j are allowed: %s', (path, allowed, isMounted) => {
    const volumes = [hostVolume('v', path), hostVolume('_workspace', '/elsewhere')]
    const mounts = [
      { name: 'v', path: '/v' },
      { name: '_workspace', path: '/drone' },
    ]
    const tried = () => {
      try {
        return configOf({ mounts }, { volumes }, false, allowed)?.Binds?.length
      } catch (error) {
        return isWaggleError(error) && error.code
      }
    }
    expect(tried()).toBe(isMounted ? 2 : 'host_path_refused')
  })

  it('F13 a device is asked for like a mount', () => {
    const volumes = [hostVolume('kvm', '/dev/kvm')]
    const devices = [{ name: 'kvm', path: '/dev/kvm' }]
    expect(configOf({ devices }, { volumes }, false, ['/dev'])?.Devices).toHaveLength(1)
    expect(() => configOf({ devices }, { volumes }, false, ['/data'])).toThrow('/dev/kvm')
  })

  it('F53 a swap limit without end is handed on', () => {
    const limits = { ...noLimits, memoryBytes: 1, memorySwapBytes: -1 }
    expect(configOf({ limits })).toMatchObject({ Memory: 1, MemorySwap: -1 })
  })

  it('F53 privileged is asked for where the step has it, never on Windows', () => {
    expect(configOf({})).toMatchObject({ Privileged: false })
    expect(configOf({ privileged: true })).toMatchObject({ Privileged: true })
    expect(configOf({ privileged: true }, windows)).toMatchObject({ Privileged: false })
  })

  it('leaves a privileged step as it is, also in the strict profile', () => {
    expect(configOf({ privileged: true }, {}, true)).not.toHaveProperty('CapDrop')
    expect(configOf({}, {}, true)).toHaveProperty('CapDrop', ['ALL'])
  })

  it('F13 a pipe of Windows is mounted as one, a drive as a bind', () => {
    const mounts = [
      { name: 'pipe', path: String.raw`\\.\pipe\docker_engine` },
      { name: 'data', path: String.raw`c:\data` },
    ]
    expect(configOf({ mounts }, windows)).toMatchObject({
      Binds: [String.raw`d:\data:c:\data:ro`],
      Mounts: [{ Type: 'npipe', Source: String.raw`\\.\pipe\docker_engine` }],
    })
  })

  it.each([String.raw`c:\data:ro`, String.raw`c:\data\..\x`, 'data'])(
    'F13 a path of Windows that is not plain is refused: %s',
    (path) => {
      expect(() => configOf({ mounts: [{ name: 'data', path }] }, windows)).toThrow(/absolute/)
    },
  )
})
