import { spawn } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import {
  freePort,
  startChild,
  startRedis,
  type TestRedis,
  tempFolder,
  waitUntil,
} from '@waggle/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

let redis: TestRedis
let temp: Awaited<ReturnType<typeof tempFolder>>
let children: Running[] = []

interface Running {
  kill(signal: NodeJS.Signals): void
  readonly exited: Promise<unknown>
}

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())
beforeEach(async () => {
  temp = await tempFolder('api')
})
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    await child.exited
  }
  children = []
  await temp.remove()
})

const main = join(import.meta.dirname, 'main.ts')

const start = async (extra: Readonly<Record<string, string>> = {}) => {
  const port = await freePort()
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      WAGGLE_API_PORT: String(port),
      WAGGLE_DATA_FOLDER: join(temp.path, 'data'),
      WAGGLE_REDIS_URL: redis.url,
      ...extra,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString('utf8')
    })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const api = {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    /** Its exit code, once it has ended. */
    exited,
    ready: async () => {
      const isEnded = () => child.exitCode !== null
      await waitUntil(
        'the api to be ready',
        async () => isEnded() || (await fetch(`${api.url}/readyz`)).status === 200,
      )
      if (isEnded()) throw new Error(`the api ended: ${output}`)
    },
  }
  children.push(api)
  return api
}

const readiness = async (url: string) =>
  ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status

test('makes the first admin, shows the token once, and keeps it for its owner only', async () => {
  const first = await start()
  await first.ready()
  const path = join(temp.path, 'data', 'admin-token')
  const token = (await readFile(path, 'utf8')).trim()
  expect(token).toMatch(/^wgl_.{40,}$/)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await stat(join(temp.path, 'data', 'secret-key'))).mode & 0o777).toBe(0o600)
  await waitUntil('the token to be printed', async () => first.output().includes(token))
  const logged = first
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  expect(logged.length).toBeGreaterThan(0)
  expect(logged.join('\n')).not.toContain(token)
  const user = await fetch(`${first.url}/api/user`, { headers: { authorization: token } })
  expect(await user.json()).toMatchObject({ login: 'admin', admin: true })
  first.kill('SIGTERM')
  await first.exited

  const second = await start()
  await second.ready()
  expect(second.output()).not.toContain(token)
  const again = await fetch(`${second.url}/api/user`, { headers: { authorization: token } })
  expect(again.status).toBe(200)
})

test('ends with 0 on SIGTERM, closing its streams with a hint to come back', async () => {
  const api = await start({ WAGGLE_ADMIN_TOKEN: 'admin-token-of-the-tests' })
  await api.ready()
  const stream = await fetch(`${api.url}/api/stream`)
  const text = stream.text()
  api.kill('SIGTERM')
  const sent = await text
  expect(sent.startsWith(': ping\n\n')).toBe(true)
  expect(sent.endsWith('retry: 1000\n\n')).toBe(true)
  expect(await api.exited).toBe(0)
  expect(api.output()).toContain('api stops')
})

test('starts without Redis, says so, takes builds, and goes on when it is there', async () => {
  const port = await freePort()
  const api = await start({
    WAGGLE_REDIS_URL: `redis://127.0.0.1:${port}`,
    WAGGLE_ADMIN_TOKEN: 'admin-token-of-the-tests',
    WAGGLE_TIME_SCALE: '0.1',
  })
  await api.ready()
  expect(await readiness(api.url)).toBe('degraded')
  await waitUntil('it to say so', () => api.output().includes('redis does not answer'))
  const pipeline = 'kind: pipeline\nsteps:\n- name: a\n  image: b:1\n  commands: [ true ]\n'
  const answer = await fetch(`${api.url}/api/builds`, {
    method: 'POST',
    headers: { authorization: 'admin-token-of-the-tests' },
    body: JSON.stringify({ repository: 'o/n', pipeline }),
  })
  expect(await answer.json()).toMatchObject({ status: 'pending' })
  const late = startChild('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
    ...['--maxmemory-policy', 'noeviction', '--dir', temp.path],
  ])
  children.push(late)
  await waitUntil('redis to be found', async () => (await readiness(api.url)) === 'ready')
  await waitUntil('the stage to be offered', async () =>
    api.output().includes('everything was offered again'),
  )
})

test('refuses an evicting Redis in one sentence', async () => {
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  try {
    const api = await start()
    expect(await api.exited).toBe(1)
    expect(api.output()).toMatch(/waggle api: .*noeviction/)
  } finally {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  }
})

test('refuses another key than the one of the database', async () => {
  const first = await start()
  await first.ready()
  first.kill('SIGTERM')
  await first.exited
  const second = await start({ WAGGLE_SECRET_KEY: 'cd'.repeat(32) })
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain('The encryption key is not the one of this database')
})

test('waits for a database file that another process has, and takes it over', async () => {
  const first = await start()
  await first.ready()
  const second = await start()
  await waitUntil('the second one to wait', async () =>
    second.output().includes('waiting for the database'),
  )
  first.kill('SIGKILL')
  await second.ready()
})

test.each([
  [{ WAGGLE_API_PORT: 'x' }, 'waggle api: settings: WAGGLE_API_PORT: '],
  [{ WAGGLE_SECRET_KEY: 'short' }, 'waggle api: '],
  [{ WAGGLE_ADMIN_TOKEN: 'short' }, 'WAGGLE_ADMIN_TOKEN: must have at least 16 characters'],
  [{ WAGGLE_DATA_FOLDER: '/dev/null/x' }, 'cannot be made; set WAGGLE_DATA_FOLDER'],
])('ends with 1 and a sentence for %j', async (settings, sentence) => {
  const api = await start(settings)
  expect(await api.exited).toBe(1)
  expect(api.output()).toContain(sentence)
  expect(api.output()).not.toContain('    at ')
})

test('ends with 1 where the port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => other.once('listening', done))
  const { port } = other.address() as AddressInfo
  const api = await start({ WAGGLE_API_PORT: String(port) })
  expect(await api.exited).toBe(1)
  other.close()
  expect(api.output()).toContain(`Port 127.0.0.1:${port} is taken; set WAGGLE_API_PORT`)
})
