import { randomBytes, randomUUID } from 'node:crypto'
import {
  type ControlDeps,
  type RegisterQuestion,
  registerWorker,
  type SubmitRequest,
  submitBuild,
} from '@waggle/control'
import {
  type Database,
  makeHook,
  type NewRepo,
  type Repo,
  scaledTimers,
  silentLogger,
  type Timers,
  type WorkerRecord,
} from '@waggle/domain'
import { openPostgres, openSqlite } from '@waggle/store'
import {
  plainProfile,
  startPostgres,
  startRedis,
  type TestPostgres,
  type TestRedis,
  tempFolder,
} from '@waggle/testkit'
import { plainRepo } from '../harness/plain-repo.ts'
import { openDeps } from './open-deps.ts'

/** Control on a real SQLite file, or a real PostgreSQL, and a real Redis. */
export interface TestControl {
  readonly deps: ControlDeps
  readonly database: Database
  readonly redis: TestRedis
  readonly sealKey: string
  readonly folder: string
  /** Of PostgreSQL; empty on SQLite. */
  readonly databaseUrl: string
  repo(more?: Partial<NewRepo>): Promise<Repo>
  submit(repo: Repo, text: string, more?: Partial<SubmitRequest>): ReturnType<typeof submitBuild>
  worker(more?: Partial<RegisterQuestion>): Promise<WorkerRecord>
  close(): Promise<void>
}

export const openControl = async (
  options: {
    database?: 'sqlite' | 'postgres'
    /** A server that is there already, on which a new database is made; it stays. */
    postgres?: TestPostgres | null
    timeScale?: number
    timers?: Partial<Timers>
    /** For very many calls: SQLite's file in memory, Redis by its socket. */
    isQuick?: boolean
  } = {},
): Promise<TestControl> => {
  const log = silentLogger
  const { isQuick = false } = options
  const folder = await tempFolder('control', { inMemory: isQuick })
  const server = await startRedis({ persistent: false })
  const redis = { url: isQuick ? server.socketUrl : server.url, prefix: '{test}' }
  const timers = { ...scaledTimers(options.timeScale ?? 1), ...options.timers }
  const isOnPostgres = options.database === 'postgres'
  const own = isOnPostgres && !options.postgres ? await startPostgres() : null
  const databaseUrl = isOnPostgres ? (own?.url ?? (await options.postgres?.createDatabase())) : ''
  const database = databaseUrl
    ? await openPostgres({ url: databaseUrl, poolSize: 10, log })
    : // No fsync: these tests are about decisions, those of the store are about power cuts.
      await openSqlite({ path: `${folder.path}/waggle.db`, log, synchronous: 'OFF' })
  const sealKey = randomBytes(32).toString('hex')
  const opened = await openDeps({ database, redis, timers, sealKey, folder: folder.path })
  const { deps } = opened
  let repos = 0
  return {
    deps,
    database,
    redis: server,
    sealKey,
    folder: folder.path,
    databaseUrl: databaseUrl ?? '',
    repo: (more = {}) => database.repos.create({ ...plainRepo('acme', ++repos), ...more }),
    submit: (repo, text, more = {}) =>
      submitBuild(deps, {
        repo,
        hook: makeHook({ trigger: 'ann', event: 'push', ref: 'refs/heads/main', target: 'main' }),
        cloneUrl: '',
        manifest: { text },
        resolve: false,
        ...more,
      }),
    worker: async (more = {}) => {
      const question = { ...plainWorker(), ...more }
      await registerWorker(deps, question)
      const worker = await database.workers.find(question.workerId)
      if (!worker) throw new Error('the worker was not registered')
      return worker
    },
    close: async () => {
      await opened.close()
      await database.close()
      await own?.stop()
      await server.stop()
      await folder.remove()
    },
  }
}

export const plainWorker = (): RegisterQuestion => ({
  workerId: randomUUID(),
  bootId: randomUUID(),
  name: 'bee',
  version: 'test',
  slots: 4,
  profile: plainProfile(),
})

/** A pipeline document with one step. */
export const pipeline = (name: string, ...dependsOn: readonly string[]): string =>
  [
    'kind: pipeline',
    'type: docker',
    `name: ${name}`,
    'steps:',
    '- name: hello',
    '  image: waggle/busybox:1',
    '  commands: [echo hello]',
    `depends_on: [${dependsOn.join(', ')}]`,
    '',
  ].join('\n')

/** Several documents in one file. */
export const manifest = (...documents: readonly string[]): string => documents.join('---\n')
