import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '@waggle/domain'

export interface LocalRedis {
  readonly url: string
  readonly process: ChildProcess
}

/** Starts a Redis of the installation's own: on loopback, behind a password, with an append-only file, never evicting.
 *  Throws `unavailable` where it does not start. */
export const startLocalRedis = async (program: string, folder: string): Promise<LocalRedis> => {
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
