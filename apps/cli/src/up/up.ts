import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { processEnvironment } from '@waggle/config'
import { conflict, unavailable } from '@waggle/domain'
import { bringPrograms } from './bring-programs.ts'
import { becomesReady, type ChildApp, exitOf, startApp } from './child-app.ts'
import { askEngine } from './container-engine.ts'
import { runDemo } from './demo.ts'
import {
  endLeftovers,
  forgetProcessIds,
  keepProcessIds,
  runningOwner,
} from './leftover-processes.ts'
import { freePort, startLocalRedis } from './local-redis.ts'
import type { UpOptions } from './up-options.ts'

/** git makes the demo's repository, and the API reads manifests with it. */
const neededPrograms = [
  { names: ['redis-server', 'valkey-server'], package: 'redis-server' },
  { names: ['git'], package: 'git' },
] as const

/** `waggle up`: a private Redis, the API on SQLite and one worker, then a demo build, then it stays until `signal`.
 *  Gives the exit code. */
export const up = async (options: UpOptions, signal: AbortSignal): Promise<number> => {
  const { say } = options
  const data = resolve(options.data)
  await mkdir(join(data, 'log'), { recursive: true, mode: 0o700 })
  const processFile = join(data, 'processes.json')
  const owner = runningOwner(processFile)
  if (owner !== null)
    throw conflict(
      'already_up',
      `waggle up runs on ${data} already (process ${owner}); stop it first`,
    )
  const ended = await endLeftovers(processFile)
  await keepProcessIds(processFile, [])
  if (ended > 0) say(`ended ${ended} processes that an earlier start left`)

  const parts: ChildApp[] = []
  let code = 0
  try {
    const engine = await chooseEngine(options)
    const port = await freePort(options.port)
    const server = `http://127.0.0.1:${port}`
    if (port !== options.port) say(`port ${options.port} is taken; using ${port}`)
    const programs = bringPrograms(neededPrograms, say)
    const redis = await startLocalRedis(programs.get('redis-server') ?? '', join(data, 'redis'))
    parts.push({
      name: 'redis',
      pid: redis.process.pid ?? 0,
      logPath: '',
      exited: exitOf(redis.process),
      stop: (name) => void redis.process.kill(name),
    })
    const workerSecret = await keptSecret(join(data, 'worker-secret'))
    const shared = { WAGGLE_REDIS_URL: redis.url, WAGGLE_WORKER_SECRET: workerSecret }
    const start = (name: string, settings: Readonly<Record<string, string>>) => {
      const main = join(options.root, 'apps', name, 'src/main.ts')
      const log = join(data, 'log', `${name}.log`)
      const app = startApp(name, [main], { ...shared, ...settings }, log, processEnvironment())
      parts.push(app)
      return app
    }
    const api = start('api', {
      WAGGLE_API_PORT: String(port),
      WAGGLE_SERVER_HOST: `localhost:${port}`,
      WAGGLE_DATA_FOLDER: data,
      WAGGLE_GIT_LOCAL_FOLDERS: join(data, 'demo'),
    })
    start('worker', {
      WAGGLE_SERVER_URL: server,
      WAGGLE_WORKER_TYPE: engine.type,
      WAGGLE_WORKER_SLOTS: String(options.slots),
      WAGGLE_WORKER_DATA_FOLDER: join(data, 'worker'),
      WAGGLE_DOCKER_SOCKET: options.socket,
      WAGGLE_WORKER_DRAIN_SECONDS: '0',
      ...(engine.type === 'docker'
        ? {
            WAGGLE_CLONE_IMAGE: 'waggle/git:1',
            WAGGLE_WORKER_VOLUMES: `${join(data, 'demo')}:${join(data, 'demo')}:ro`,
          }
        : {}),
    })
    await keepProcessIds(
      processFile,
      parts.map((part) => part.pid),
    )
    await apiReady(api, server)
    say(`Waggle answers at ${server}`)
    const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim()
    if (options.demo && !signal.aborted)
      code = await runDemo({ ...options, data, server, token, engine: engine.type }, signal)
    if (!options.once && !signal.aborted) {
      whereToGoOn(options, data, server)
      code = await stay(parts, signal, say)
    }
  } finally {
    await stopAll(parts, say)
    await forgetProcessIds(processFile)
  }
  return code
}

const chooseEngine = async (options: UpOptions): Promise<{ type: 'docker' | 'exec' }> => {
  if (options.engine === 'exec') return { type: 'exec' }
  const { isThere, reason } = await askEngine(options.socket)
  if (isThere) return { type: 'docker' }
  if (options.engine === 'docker') throw unavailable('engine_missing', reason)
  options.say(`${reason}: builds run as processes of this machine (exec engine)`)
  return { type: 'exec' }
}

const apiReady = async (api: ChildApp, server: string): Promise<void> => {
  let isGone = false
  void api.exited.then(() => {
    isGone = true
  })
  if (await becomesReady(server, 60_000, () => isGone)) return
  const log = await readFile(api.logPath, 'utf8').catch(() => '')
  const last = log.trim().split('\n').slice(-3).join('\n')
  throw unavailable('api_start', `the API did not start; its log ends:\n${last}`)
}

const keptSecret = async (path: string): Promise<string> => {
  if (existsSync(path)) return (await readFile(path, 'utf8')).trim()
  const made = randomBytes(24).toString('hex')
  await writeFile(path, made, { mode: 0o600 })
  return made
}

const whereToGoOn = (options: UpOptions, data: string, server: string): void => {
  options.say(`
Where to go on
  builds     ./waggle build ls demo/hello
  lines      ./waggle build logs demo/hello 1
  your own   ./waggle build create me/app --file .drone.yml --git https://host/me/app.git --follow
  token      in ${join(data, 'admin-token')}; for the commands above:
             export WAGGLE_SERVER_URL=${server} WAGGLE_TOKEN=$(cat ${join(data, 'admin-token')})
  metrics    curl -H "Authorization: Bearer $WAGGLE_TOKEN" ${server}/metrics
  logs of the processes in ${join(data, 'log')}

Ctrl-C stops everything; the data stays.`)
}

/** Waits for Ctrl-C, or for a part that ended by itself. */
const stay = async (
  parts: readonly ChildApp[],
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<number> => {
  const asked = new Promise<null>((done) => {
    if (signal.aborted) done(null)
    signal.addEventListener('abort', () => done(null), { once: true })
  })
  const gone = await Promise.race([asked, ...parts.map((part) => part.exited.then(() => part))])
  if (gone === null) return 0
  say(`${gone.name} ended by itself${gone.logPath === '' ? '' : `; see ${gone.logPath}`}`)
  return 1
}

/** The worker first, then the API, then Redis: each can still tell the next what it did. */
const stopAll = async (parts: readonly ChildApp[], say: (text: string) => void): Promise<void> => {
  if (parts.length > 0) say('stopping')
  for (const part of parts.toReversed()) {
    part.stop('SIGTERM')
    const slow = setTimeout(() => part.stop('SIGKILL'), 30_000)
    await part.exited
    clearTimeout(slow)
  }
}
