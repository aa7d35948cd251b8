import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Engine, type Logger, type Spec, silentLogger, systemClock } from '@waggle/domain'
import {
  dockerStage,
  runNamed,
  startDocker,
  type TestDocker,
  testImages,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { EngineClient } from './engine-client.ts'
import { firewallRules } from './firewall-rules.ts'
import { startStepFirewall } from './step-firewall.ts'

// A block of its own: the rules of other workers of this machine are left alone.
const subnets = { block: '10.231.0.0/16', prefix: 26 }
const rules = firewallRules(subnets.block, ['host'])

let docker: TestDocker
let open: Engine
let guarded: Engine
let client: EngineClient
let server: Server
let port = 0

beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
  client = new EngineClient(docker.socket)
  open = createDockerEngine({ socketPath: docker.socket, log: silentLogger, subnets })
  server = createServer((socket) => socket.on('error', () => undefined).end('reached\n'))
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  port = (server.address() as { port: number }).port
}, 120_000)

afterAll(async () => {
  await open?.close()
  await guarded?.close()
  server?.close()
  client?.close()
  unhook()
  for (const chain of [rules.passedOn, rules.forMachine]) {
    iptables('-F', chain)
    iptables('-X', chain)
  }
  await docker?.stop()
})

const iptables = (...args: string[]): string =>
  execFileSync('iptables', ['-w', '5', ...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })

const hooks = (): readonly string[] =>
  ['DOCKER-USER', 'INPUT'].flatMap((chain) =>
    iptables('-S', chain)
      .split('\n')
      .filter((rule) => rule.includes(`-s ${subnets.block} -j WAGGLE-`)),
  )

const unhook = (): void => {
  for (const rule of hooks()) iptables('-D', ...rule.split(' ').slice(1))
}

/** All at once: one by one, they would be put back in between. */
const dropAll = (): void => {
  const dropped = hooks().map((rule) => rule.replace('-A ', '-D '))
  const chains = [`-F ${rules.passedOn}`, `-X ${rules.passedOn}`, `-F ${rules.forMachine}`]
  execFileSync('iptables-restore', ['-w', '5', '--noflush'], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
    input: `${['*filter', ...dropped, ...chains, 'COMMIT'].join('\n')}\n`,
  })
}

/** Ports of this machine at which something listens for everybody. */
const listeningPorts = (): readonly number[] => {
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/)
        const [address = '', hex = ''] = local.split(':')
        return state === '0A' && /^0+$/.test(address) ? [Number.parseInt(hex, 16)] : []
      }),
  )
  return [...new Set([port, ...listening])].slice(0, 50)
}

/** Says of each `address port` whether a connection came about. `gateway` is the machine as its containers see it. */
const knock = async (engine: Engine, spec: Spec, targets: readonly string[]): Promise<string[]> => {
  const tries = targets.map(
    (target) =>
      `set -- ${target}; nc -w 10 "$1" "$2" < /dev/null > /dev/null 2>&1 && echo 'open ${target}' || echo 'closed ${target}'`,
  )
  const gateway = `gateway=$(route -n | awk '$1 == "0.0.0.0" { print $2 }')`
  const script = [gateway, ...tries].join('\n')
  const { text } = await runNamed(engine, { ...spec, steps: scripted(spec, script) }, 'knock')
  return text.trim().split('\n')
}

const scripted = (spec: Spec, script: string): Spec['steps'] =>
  spec.steps.map((step) => (step.name === 'knock' ? { ...step, command: [script] } : step))

const listener = {
  name: 'web',
  // One server for all: a new one for each would be away in between.
  script: 'echo up; exec nc -ll -p 8000 -e echo hi',
  detach: true,
}
const knocker = { name: 'knock', script: '', pull: 'never' } as const

/** Sets a stage up with a container that listens in it, for as long as `work` lasts; it gets the container's address. */
const withStage = async (
  engine: Engine,
  work: (spec: Spec, address: string) => Promise<void>,
): Promise<void> => {
  const spec = dockerStage([listener, knocker])
  await engine.setup(spec)
  const stop = new AbortController()
  let isUp = false
  const running = runNamed(engine, spec, 'web', {
    ...{ signal: stop.signal, killGraceMs: 20 },
    output: {
      write: () => {
        isUp = true
      },
    },
  })
  try {
    await waitUntil('the listener', () => isUp)
    const found = await client.call<{
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
    }>('GET', `/containers/${spec.steps[0]?.id}-1/json`)
    await work(spec, found.NetworkSettings.Networks[spec.network.id]?.IPAddress ?? '')
  } finally {
    stop.abort()
    await running
    await engine.destroy(spec)
  }
}

const ownAddress = (): string =>
  Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|br-|docker|veth)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'

describe('T-24 a step', () => {
  it('reaches the machine where nobody denied that: what the next test refuses is there', async () => {
    await withStage(open, async (spec) => {
      expect(await knock(open, spec, [`$gateway ${port}`])).toEqual([`open $gateway ${port}`])
    })
  })

  it('reaches its own stage, and no port of the machine, no metadata and no other stage', async () => {
    guarded = createDockerEngine({
      ...{ socketPath: docker.socket, log: silentLogger, subnets, denied: ['host'] },
    })
    await withStage(guarded, (_other, stranger) =>
      withStage(guarded, async (spec, address) => {
        const closed = [
          ...listeningPorts().map((number) => `$gateway ${number}`),
          ...[`${ownAddress()} ${port}`, '169.254.169.254 80', '169.254.170.2 80'],
          ...[`${stranger} 8000`],
        ]
        expect(stranger).toMatch(/^10\.231\./)
        const answers = await knock(guarded, spec, ['web 8000', `${address} 8000`, ...closed])
        expect(answers).toEqual([
          ...['open web 8000', `open ${address} 8000`],
          ...closed.map((target) => `closed ${target}`),
        ])
      }),
    )
  })

  it('gets nothing of the worker on the network of the machine either', async () => {
    const spec = dockerStage([{ name: 'knock', network: 'host', script: 'env | sort' }])
    await guarded.setup(spec)
    try {
      const { text } = await runNamed(guarded, spec, 'knock')
      const names = text.split('\n').map((line) => line.split('=')[0])
      expect(names.filter((name) => name !== '')).toEqual([
        'HOME',
        'HOSTNAME',
        'PATH',
        'PWD',
        'SHLVL',
      ])
    } finally {
      await guarded.destroy(spec)
    }
  })
})

describe('T-24 the rules', () => {
  const start = (log: Logger, more: { path?: string; denied?: readonly string[] } = {}) =>
    startStepFirewall({
      ...{ block: subnets.block, denied: ['host'], everyMs: 20, clock: systemClock, log, ...more },
    })

  const recording = () => {
    const said: string[] = []
    const note = (text: string, fields?: object) =>
      void said.push(`${text} ${JSON.stringify(fields ?? {})}`)
    const log: Logger = { ...silentLogger, warn: note, info: note, error: note, child: () => log }
    return { said, log }
  }

  it('come back after somebody has dropped them, once each', async () => {
    const { said, log } = recording()
    const firewall = start(log)
    try {
      await firewall.ready
      expect(hooks()).toHaveLength(2)
      dropAll()
      await waitUntil('the rules', () => hooks().length === 2)
      expect(iptables('-S', rules.passedOn)).toContain('169.254.0.0/16')
      expect(iptables('-S', rules.forMachine)).toContain('-j REJECT')
      expect(said).toEqual([])
    } finally {
      await firewall.stop()
    }
    expect(hooks()).toHaveLength(2)
  })

  it('are said to be missing, once, where there is no iptables', async () => {
    const { said, log } = recording()
    const firewall = start(log, { path: '/nowhere' })
    await firewall.ready
    await systemClock.sleep(100, new AbortController().signal)
    await firewall.stop()
    expect(said).toEqual([
      'steps are not kept from denied networks: the firewall takes no rules {"reason":"iptables: it is not installed here"}',
    ])
  })
})

describe('firewallRules', () => {
  it('names the networks, and lets a stage talk with itself', () => {
    const { text, passedOn, forMachine } = firewallRules('10.213.0.0/16', ['10.0.0.0/8'])
    const lines = text.split('\n')
    const at = (rule: string) => lines.indexOf(rule)
    expect(at(`-A ${passedOn} -d 10.213.0.0/16 -j RETURN`)).toBeGreaterThan(0)
    expect(at(`-A ${passedOn} -d 10.213.0.0/16 -j RETURN`)).toBeLessThan(
      at(`-A ${passedOn} -d 10.0.0.0/8 -j REJECT`),
    )
    expect(at(`-A ${forMachine} -d 10.0.0.0/8 -j REJECT`)).toBeGreaterThan(0)
    expect(at(`-A ${forMachine} -j REJECT`)).toBe(-1)
    expect(passedOn.length).toBeLessThanOrEqual(28)
  })
})
