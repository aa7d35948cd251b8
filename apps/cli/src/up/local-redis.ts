import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '@waggle/domain'

export interface LocalRedis {
  readonly url: string
  readonly process: ChildProcess
}

const installLine = 'apt-get install redis-server'

/** Starts a Redis of the installation's own: on loopback, behind a password, with an append-only file, never evicting.
 *  Throws `unavailable` with the line to type where there is no redis-server and none can be installed. */
export const startLocalRedis = async (
  folder: string,
  say: (text: string) => void,
): Promise<LocalRedis> => {
  const program = findProgram() ?? install(say)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const password = await keptPassword(join(folder, 'password'))
  const port = await freePort()
  // The configuration is a file, not arguments: arguments are readable by every user of the machine.
  const configuration = join(folder, 'redis.conf')
  await writeFile(
    configuration,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `requirepass ${password}`,
      `dir ${JSON.stringify(folder)}`,
      'appendonly yes',
      'appendfsync everysec',
      'maxmemory-policy noeviction',
      'daemonize no',
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  // A session of its own: Ctrl-C reaches `up` alone, which stops its parts in order.
  const child = spawn(program, [configuration], { stdio: 'ignore', detached: true })
  await ready(child, port)
  return { url: `redis://:${password}@127.0.0.1:${port}`, process: child }
}

const findProgram = (): string | undefined =>
  ['redis-server', 'valkey-server']
    .flatMap((name) => ['/usr/local/bin', '/usr/bin', '/bin'].map((path) => `${path}/${name}`))
    .find((path) => existsSync(path))

const install = (say: (text: string) => void): string => {
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing redis-server')
    const options = { stdio: 'ignore' as const }
    spawnSync('apt-get', ['update', '-qq'], options)
    // Only the program is wanted: the package must not start a server of its own.
    spawnSync(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
      options,
    )
    const program = findProgram()
    if (program !== undefined) return program
  }
  throw unavailable('redis_missing', `redis-server is missing; type: ${sudo()}${installLine}`)
}

const sudo = (): string => (process.getuid?.() === 0 ? '' : 'sudo ')

const keptPassword = async (path: string): Promise<string> => {
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (/^[0-9a-f]{48}$/.test(kept)) return kept
  const made = randomBytes(24).toString('hex')
  await writeFile(path, made, { mode: 0o600 })
  return made
}

const ready = async (child: ChildProcess, port: number): Promise<void> => {
  let exited = false
  child.once('exit', () => {
    exited = true
  })
  child.once('error', () => {
    exited = true
  })
  for (let tries = 0; tries < 400 && !exited; tries++) {
    if (await answers(port)) return
    await delay(25)
  }
  throw unavailable('redis_start', 'redis-server did not start; see its data folder')
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(500, () => end(false))
    socket.once('error', () => end(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    // Without the password the answer is an error; while the data is loaded it is one too, of another kind.
    socket.once('data', (bytes) => end(!bytes.toString('latin1').startsWith('-LOADING')))
  })

/** A port of loopback that is free now; `wanted` where it is. */
export const freePort = (wanted = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort())))
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
