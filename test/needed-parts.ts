import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

/** A part of the machine that the tests need, how to see it, and the Debian packages that bring it. */
interface Part {
  readonly name: string
  readonly packages: readonly string[]
  readonly isThere: () => boolean
  /** A test file that contains one of these cannot run without the part. */
  readonly marks: readonly string[]
}

/** A part that is not there and could not be brought. */
export interface MissingPart {
  /** What is missing, and the line to type. */
  readonly reason: string
  readonly marks: readonly string[]
}

/** What test files contain that need a container engine. */
export const engineMarks = ['startDocker(', 'dockerSocket(', 'standIns(', 'startSystem(']

const onPath = (program: string): boolean =>
  ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) =>
    existsSync(`${folder}/${program}`),
  )

const hasPostgres = (): boolean =>
  existsSync('/usr/lib/postgresql') &&
  readdirSync('/usr/lib/postgresql').some((version) =>
    existsSync(`/usr/lib/postgresql/${version}/bin/initdb`),
  )

const hasComposePlugin = (): boolean =>
  spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0

const hasStaticBusybox = (): boolean => {
  const seen = spawnSync('dpkg-query', ['-W', '-f', '\x24{Status}', 'busybox-static'])
  return seen.status === 0 && seen.stdout.toString().includes('install ok installed')
}

/** A socket may be there of which nobody listens. */
const machineEngineAnswers = (): boolean =>
  existsSync('/var/run/docker.sock') &&
  spawnSync(
    process.execPath,
    [
      '-e',
      `require('node:http').get({ socketPath: '/var/run/docker.sock', path: '/_ping' }, (answer) =>
        process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))`,
    ],
    { stdio: 'ignore', timeout: 10_000 },
  ).status === 0

const parts: readonly Part[] = [
  {
    name: 'redis-server',
    packages: ['redis-server'],
    isThere: () => onPath('redis-server'),
    marks: ['startRedis(', 'startSystem(', 'startTestApi(', 'openControl(', "'up'"],
  },
  {
    name: 'PostgreSQL',
    packages: ['postgresql'],
    isThere: hasPostgres,
    marks: ['startPostgres(', "'postgres'"],
  },
  {
    name: 'git',
    packages: ['git', 'ca-certificates'],
    isThere: () => onPath('git'),
    marks: ['makeRepository(', "'git'"],
  },
  {
    name: 'jsonnet',
    packages: ['jsonnet'],
    isThere: () => onPath('jsonnet'),
    marks: ["'jsonnet'"],
  },
  {
    name: 'a static busybox',
    packages: ['busybox-static'],
    isThere: hasStaticBusybox,
    marks: engineMarks,
  },
  {
    name: 'a container engine',
    packages: ['docker.io', 'iptables'],
    isThere: () => onPath('dockerd') || machineEngineAnswers(),
    // Whether one really runs is seen later.
    marks: [],
  },
  {
    name: 'docker-compose, for the test of the compose file',
    packages: ['docker-compose', 'debootstrap'],
    isThere: () => onPath('debootstrap') && (onPath('docker-compose') || hasComposePlugin()),
    marks: ['standIns('],
  },
]

/** Installs what is missing where that is possible, and gives what is still missing. */
export const bringParts = (say: (text: string) => void): readonly MissingPart[] => {
  const missing = parts.filter((part) => !part.isThere())
  if (missing.length === 0) return []
  const packages = missing.flatMap((part) => part.packages)
  const asRoot = rootPrefix()
  if (asRoot !== null && onPath('apt-get')) {
    say(`installing ${packages.join(' ')}`)
    const apt = (...args: readonly string[]) =>
      spawnSync('env', [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }).status === 0
    const install = ['install', '-y', '-qq', '--no-install-recommends']
    apt('update', '-qq')
    // One package that this system does not have refuses all of them at once.
    if (!apt(...install, ...packages)) for (const part of missing) apt(...install, ...part.packages)
  }
  return parts
    .filter((part) => !part.isThere())
    .map(({ name, packages, marks }) => ({
      reason: `${name} is missing: apt-get install ${packages.join(' ')}`,
      marks,
    }))
}

/** What goes before a command that needs root; `null` where nobody lets us. */
const rootPrefix = (): readonly string[] | null => {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null
}
