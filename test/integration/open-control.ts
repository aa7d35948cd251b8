import { randomBytes, randomUUID } from 'node:crypto'
import {
  type ControlDeps,
  type RegisterQuestion,
  registerWorker,
  type SubmitRequest,
  submitBuild,
} from '@waggle/control'
import { createConverter } from '@waggle/convert'
import {
  type Database,
  type GitSource,
  makeHook,
  type NewRepo,
  type Repo,
  scaledTimers,
  silentLogger,
  systemClock,
  type Timers,
  type WorkerRecord,
} from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { ManifestThread } from '@waggle/pipeline'
import { openPublisher, openSignals } from '@waggle/queue'
import { createGitSource } from '@waggle/scm'
import { createSealer, newToken, tokenHash } from '@waggle/secrets'
import { openPostgres, openSqlite } from '@waggle/store'
import { startPostgres, startRedis, type TestRedis, tempFolder } from '@waggle/testkit'
import { plainProfile } from '../harness/plain-profile.ts'
import { plainRepo } from '../harness/plain-repo.ts'

/** Control on a real SQLite file, or a real PostgreSQL, and a real Redis. */
export interface TestControl {
  readonly deps: ControlDeps
  readonly database: Database
  readonly redis: TestRedis
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
  const postgres = options.database === 'postgres' ? await startPostgres() : null
  const database = postgres
    ? await openPostgres({ url: postgres.url, poolSize: 10, log })
    : // No fsync: these tests are about decisions, those of the store are about power cuts.
      await openSqlite({ path: `${folder.path}/waggle.db`, log, synchronous: 'OFF' })
  const offers = await openPublisher({ redis, log, timers })
  const signals = await openSignals({ redis, log })
  const liveLog = openLiveLog({ redis, log })
  const source: GitSource = createGitSource({
    localFolders: [folder.path],
    log,
    timeoutMs: 20_000,
  })
  const manifests = new ManifestThread()
  const deps: ControlDeps = {
    database,
    offers,
    signals,
    liveLog,
    source,
    converter: createConverter({ isJsonnetEnabled: true, importLimit: 10 }),
    manifests,
    log,
    timers,
    clock: systemClock,
    sealer: createSealer({ current: { id: 'test', key: randomBytes(32) } }),
    system: { proto: 'http', host: 'localhost', link: 'http://localhost', version: 'test' },
    newToken,
    hashToken: tokenHash,
  }
  let repos = 0
  return {
    deps,
    database,
    redis: server,
    folder: folder.path,
    databaseUrl: postgres?.url ?? '',
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
      await manifests.close()
      await liveLog.close()
      await signals.close()
      await offers.close()
      await database.close()
      await postgres?.stop()
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
