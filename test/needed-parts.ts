import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

/** A part of the machine that the tests need, how to see it, and the Debian package that brings it. */
interface Part {
  readonly name: string
  readonly packages: readonly string[]
  readonly isThere: () => boolean
}

const onPath = (program: string): boolean =>
  ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) =>
    existsSync(`${folder}/${program}`),
  )

const hasPostgres = (): boolean =>
  existsSync('/usr/lib/postgresql') &&
  readdirSync('/usr/lib/postgresql').some((version) =>
    existsSync(`/usr/lib/postgresql/${version}/bin/initdb`),
  )

const parts: readonly Part[] = [
  { name: 'redis-server', packages: ['redis-server'], isThere: () => onPath('redis-server') },
  { name: 'PostgreSQL', packages: ['postgresql'], isThere: hasPostgres },
  { name: 'git', packages: ['git', 'ca-certificates'], isThere: () => onPath('git') },
  { name: 'jsonnet', packages: ['jsonnet'], isThere: () => onPath('jsonnet') },
  { name: 'a static busybox', packages: ['busybox-static'], isThere: hasStaticBusybox },
  {
    name: 'a container engine',
    packages: ['docker.io', 'iptables'],
    isThere: () => onPath('dockerd') || existsSync('/var/run/docker.sock'),
  },
  {
    name: 'docker-compose, for the test of the compose file',
    packages: ['docker-compose', 'debootstrap'],
    isThere: () => onPath('debootstrap') && (onPath('docker-compose') || hasComposePlugin()),
  },
]

function hasComposePlugin(): boolean {
  return spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0
}

function hasStaticBusybox(): boolean {
  const seen = spawnSync('dpkg-query', ['-W', '-f', '\x24{Status}', 'busybox-static'])
  return seen.status === 0 && seen.stdout.toString().includes('install ok installed')
}

/** Installs what is missing where that is possible, and gives what is still missing, each with the line to type. */
export const bringParts = (say: (text: string) => void): readonly string[] => {
  const missing = parts.filter((part) => !part.isThere())
  if (missing.length === 0) return []
  const packages = missing.flatMap((part) => part.packages)
  const line = `apt-get install ${packages.join(' ')}`
  if (process.getuid?.() !== 0 || !onPath('apt-get'))
    return missing.map((part) => `${part.name} is missing: ${line}`)
  say(`installing ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env })
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
  return parts.filter((part) => !part.isThere()).map((part) => `${part.name} is missing: ${line}`)
}
