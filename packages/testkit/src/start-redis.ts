import { createConnection } from 'node:net'
import { type ChildServer, startChild } from './child-server.ts'
import { freePort } from './free-port.ts'
import { tempFolder } from './temp-folder.ts'
import { waitUntil } from './wait-until.ts'

export interface TestRedis {
  readonly url: string
  /** The same server by its socket: half the cost of a call over the loopback network. */
  readonly socketUrl: string
  readonly port: number
  /** Sends one command and gives the raw reply. */
  command(...words: readonly string[]): Promise<string>
  /** SIGKILL, as a crash. */
  crash(): Promise<void>
  /** Starts it again on the same port, with its data. */
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/** A Redis of the test's own, with AOF unless `persistent` is false. Needs `redis-server` on the path. */
export const startRedis = async (options: { persistent?: boolean } = {}): Promise<TestRedis> => {
  const folder = await tempFolder('redis')
  const port = await freePort()
  const persistence =
    options.persistent === false
      ? ['--save', '', '--appendonly', 'no']
      : // Written before each answer, so that a killed process loses nothing: one that syncs by itself
        // puts writes off while a sync takes long.
        ['--appendonly', 'yes', '--appendfsync', 'no']
  let server: ChildServer
  const command = (...words: readonly string[]) => ask(port, words)
  const start = async () => {
    server = startChild('redis-server', [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--unixsocket',
      `${folder.path}/redis.sock`,
      '--dir',
      folder.path,
      '--maxmemory-policy',
      'noeviction',
      ...persistence,
    ])
    await waitUntil('redis to answer', async () => (await command('PING')).startsWith('+PONG'))
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    socketUrl: `unix://${folder.path}/redis.sock`,
    port,
    command,
    crash: async () => {
      server.kill('SIGKILL')
      await server.exited
    },
    restart: start,
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    stop: async () => {
      server.kill('SIGCONT')
      server.kill('SIGKILL')
      await server.exited
      await folder.remove()
    },
  }
}

const ask = (port: number, words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.setTimeout(20_000, () => socket.destroy(new Error('redis did not answer in 20 s')))
    socket.once('error', reject)
    socket.once('data', (bytes) => {
      socket.end()
      resolve(bytes.toString('utf8'))
    })
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${parts.join('')}`)
  })
