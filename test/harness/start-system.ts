import { mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import {
  type ChildServer,
  freePort,
  startChild,
  startPostgres,
  startRedis,
  type TestPostgres,
  type TestRedis,
  tempFolder,
  waitUntil,
} from '@waggle/testkit'
import { type Client, createClient } from './client.ts'

const root = resolve(import.meta.dirname, '../..')
/** As `./waggle` has it. */
const storedCode = join(root, 'node_modules/.cache/node-compile')

export interface SystemOptions {
  readonly database: 'sqlite' | 'postgres'
  readonly apis?: number
  readonly workers?: number
  /** Settings of every worker. */
  readonly worker?: Readonly<Record<string, string>>
  readonly api?: Readonly<Record<string, string>>
  /** Factor on all timers; fault tests use 0.1. */
  readonly timeScale?: number
  readonly redis?: { readonly persistent?: boolean }
  /** Program that runs as worker, instead of the worker's own. */
  readonly workerMain?: string
  /** `debug` unless said otherwise; a bench wants less. */
  readonly logLevel?: string
}

/** One process of Waggle, started by a test. */
interface AppProcess {
  readonly name: string
  readonly url: string
  pid(): number
  /** What it logged so far. */
  log(): string
  signal(name: NodeJS.Signals): void
  /** Resolves when the process is gone. */
  exited(): Promise<void>
  kill(): Promise<void>
  stop(): Promise<void>
  /** Starts it again: same folder, same port, other settings where given. */
  start(extra?: Readonly<Record<string, string>>): Promise<void>
}

/** A whole installation of real processes on loopback: Redis, a database, API processes, workers. */
export interface System {
  readonly redis: TestRedis
  readonly postgres: TestPostgres | null
  readonly apis: readonly AppProcess[]
  readonly workers: readonly AppProcess[]
  readonly folder: string
  /** Folder that every step sees as `/ledger`: what containers write there is the outside witness. */
  readonly ledger: string
  readonly token: string
  readonly client: Client
  /** A client of one API process. */
  clientOf(api: number): Client
  addWorker(extra?: Readonly<Record<string, string>>): Promise<AppProcess>
  stop(): Promise<void>
}

/** What workers register with. */
export const workerSecret = 'worker-secret-of-the-tests'
const adminToken = `wgl_${'t'.repeat(43)}`

export const startSystem = async (options: SystemOptions): Promise<System> => {
  if (options.workers !== 0) await demandEngine(options)
  const temp = await tempFolder('system')
  const ledger = join(temp.path, 'ledger')
  mkdirSync(ledger)
  const [redis, postgres] = await Promise.all([
    startRedis(options.redis),
    options.database === 'postgres' ? startPostgres() : null,
  ])
  const apis: AppProcess[] = []
  const workers: AppProcess[] = []
  const shared = {
    WAGGLE_REDIS_URL: redis.url,
    WAGGLE_WORKER_SECRET: workerSecret,
    WAGGLE_TIME_SCALE: String(options.timeScale ?? 1),
    WAGGLE_LOG_LEVEL: options.logLevel ?? 'debug',
  }
  const stop = async () => {
    await Promise.all(workers.map((worker) => worker.kill()))
    await Promise.all(apis.map((api) => api.kill()))
    await redis.stop()
    await postgres?.stop()
    await temp.remove()
  }
  try {
    for (let i = 0; i < (options.apis ?? 1); i++) {
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      const api = app('api', mainOf('api'), `api-${i + 1}`, url, {
        ...shared,
        WAGGLE_API_PORT: String(port),
        WAGGLE_SERVER_HOST: `127.0.0.1:${port}`,
        WAGGLE_DATA_FOLDER: join(temp.path, `api-${i + 1}`),
        WAGGLE_ADMIN_TOKEN: adminToken,
        WAGGLE_SECRET_KEY: 'ab'.repeat(32),
        WAGGLE_GIT_LOCAL_FOLDERS: temp.path,
        ...(postgres ? { WAGGLE_DATABASE_URL: postgres.url } : {}),
        ...options.api,
      })
      await api.start()
      apis.push(api)
    }
    const addWorker = async (extra: Readonly<Record<string, string>> = {}) => {
      await demandEngine(options, extra)
      const port = await freePort()
      const number = workers.length + 1
      // Spread over the API processes: nothing may depend on which one a worker speaks to.
      const server = apis[workers.length % apis.length]?.url ?? ''
      const main = options.workerMain ?? mainOf('worker')
      const worker = app('worker', main, `worker-${number}`, `http://127.0.0.1:${port}`, {
        ...shared,
        WAGGLE_SERVER_URL: server,
        WAGGLE_WORKER_NAME: `worker-${number}`,
        WAGGLE_WORKER_DATA_FOLDER: join(temp.path, `worker-${number}`),
        WAGGLE_WORKER_PORT: String(port),
        WAGGLE_DOCKER_SOCKET: dockerSocket(),
        WAGGLE_CLONE_IMAGE: 'waggle/git:1',
        WAGGLE_WORKER_VOLUMES: `${ledger}:/ledger,${temp.path}/repos:${temp.path}/repos:ro`,
        ...options.worker,
        ...extra,
      })
      // Before it is up: several may be started at once, and each has its number.
      workers.push(worker)
      mkdirSync(join(temp.path, 'repos'), { recursive: true })
      await worker.start()
      return worker
    }
    await Promise.all(Array.from({ length: options.workers ?? 1 }, () => addWorker()))
    const clientOf = (index: number) =>
      createClient({ server: apis[index]?.url ?? '', token: adminToken })
    return {
      redis,
      postgres,
      apis,
      workers,
      folder: temp.path,
      ledger,
      token: adminToken,
      client: clientOf(0),
      clientOf,
      addWorker,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Socket of the engine that the test run found or started. */
export const dockerSocket = (): string =>
  process.env['WAGGLE_TEST_DOCKER_SOCKET'] ?? '/var/run/docker.sock'

/** Without an engine a test would only say, much later, that nothing came. */
const demandEngine = async (
  options: SystemOptions,
  extra: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const settings: Readonly<Record<string, string>> = { ...options.worker, ...extra }
  const type = settings['WAGGLE_WORKER_TYPE'] ?? 'docker'
  if (options.workerMain !== undefined || type !== 'docker') return
  const socketPath = settings['WAGGLE_DOCKER_SOCKET'] ?? dockerSocket()
  const answers = await new Promise<boolean>((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 10_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.end()
  })
  if (!answers)
    throw new Error(
      `no container engine answers on ${socketPath}: start one, or name its socket in WAGGLE_TEST_DOCKER_SOCKET`,
    )
}

const mainOf = (kind: 'api' | 'worker'): string => join(root, 'apps', kind, 'src/main.ts')

const app = (
  kind: 'api' | 'worker',
  main: string,
  name: string,
  url: string,
  settings: Readonly<Record<string, string>>,
): AppProcess => {
  let child: ChildServer | null = null
  let earlier = ''
  const preload = join(root, 'test/fault/failpoint-board.ts')
  return {
    name,
    url,
    pid: () => child?.pid ?? -1,
    log: () => earlier + (child?.output() ?? ''),
    signal: (signalName) => child?.kill(signalName),
    exited: () => child?.exited ?? Promise.resolve(),
    kill: async () => {
      child?.kill('SIGCONT')
      child?.kill('SIGKILL')
      await child?.exited
    },
    stop: async () => {
      child?.kill('SIGTERM')
      await child?.exited
    },
    start: async (extra = {}) => {
      if (child !== null) earlier += `${child.output()}\n`
      const env: NodeJS.ProcessEnv = {
        NODE_COMPILE_CACHE: storedCode,
        ...process.env,
        ...settings,
        ...extra,
      }
      const loaded = env['WAGGLE_FAILPOINTS'] === undefined ? [] : ['--import', preload]
      child = startChild(process.execPath, [...loaded, main], {
        env,
      })
      const current = child
      let isGone = false
      void current.exited.then(() => {
        isGone = true
      })
      await waitUntil(
        `${name} to be ready`,
        async () => {
          if (isGone) return true
          const answer = await fetch(`${url}/${kind === 'api' ? 'readyz' : 'healthz'}`, {
            signal: AbortSignal.timeout(1_000),
          })
          return answer.ok
        },
        60_000,
        50,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${current.output().slice(-3_000)}`)
      })
      // A process that a failpoint ended on purpose is as started as it will be.
      if (isGone && loaded.length === 0)
        throw new Error(`${name} ended at its start\n${current.output().slice(-3_000)}`)
    },
  }
}

/** Lines that steps appended to a ledger file, in order. */
export const readLedger = (system: System, file: string): readonly string[] => {
  try {
    return readFileSync(join(system.ledger, file), 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
