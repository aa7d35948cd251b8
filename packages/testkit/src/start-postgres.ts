import { execFile } from 'node:child_process'
import { chmod, chown, readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type ChildServer, startChild } from './child-server.ts'
import { freePort } from './free-port.ts'
import { tempFolder } from './temp-folder.ts'
import { waitUntil } from './wait-until.ts'

const run = promisify(execFile)

export interface TestPostgres {
  /** The database `waggle`, empty at first. */
  readonly url: string
  /** A further, empty database. */
  createDatabase(): Promise<string>
  /** `pg_ctl -m immediate` and start again, as a crash. */
  crash(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/** A PostgreSQL of the test's own: no fsync, trusted loopback. It refuses root, so root lends it to `postgres`.
 *  `isCounting`: its view `pg_stat_statements` can be made, which counts statements. */
export const startPostgres = async ({ isCounting = false } = {}): Promise<TestPostgres> => {
  const bin = await binFolder()
  const folder = await tempFolder('postgres')
  const asOwner = await lend(folder.path)
  const port = await freePort()
  const data = `${folder.path}/data`
  const call = (program: string, args: readonly string[]) => {
    const [command, ...rest] = asOwner([`${bin}/${program}`, ...args])
    return run(command ?? program, rest)
  }
  await call('initdb', ['-D', data, '--no-sync', '-A', 'trust', '-U', 'waggle', '-E', 'UTF8'])

  let server: ChildServer
  const start = async () => {
    const [command, ...rest] = asOwner([
      `${bin}/postgres`,
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      folder.path,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
      '-c',
      'max_connections=200',
      ...(isCounting ? ['-c', 'shared_preload_libraries=pg_stat_statements'] : []),
    ])
    server = startChild(command ?? 'postgres', rest)
    await waitUntil('postgres to answer', async () => {
      await call('pg_isready', ['-h', '127.0.0.1', '-p', String(port), '-U', 'waggle'])
      return true
    })
  }
  const end = async () => {
    await call('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']).catch(() => undefined)
    await server.exited
  }
  await start()
  const url = (name: string) => `postgres://waggle@127.0.0.1:${port}/${name}`
  const create = async (name: string) => {
    await call('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', 'waggle', name])
    return url(name)
  }
  let databases = 0
  return {
    url: await create('waggle'),
    createDatabase: () => create(`waggle_${++databases}`),
    crash: end,
    restart: start,
    stop: async () => {
      await end()
      await folder.remove()
    },
  }
}

const binFolder = async (): Promise<string> => {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch(() => [] as string[])
  const newest = versions
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a)[0]
  if (newest === undefined) throw new Error('PostgreSQL is missing: apt-get install postgresql')
  return `${root}/${newest}/bin`
}

const lend = async (path: string): Promise<(words: readonly string[]) => readonly string[]> => {
  if (process.getuid?.() !== 0) return (words) => words
  const { stdout } = await run('id', ['-u', 'postgres'])
  const { stdout: group } = await run('id', ['-g', 'postgres'])
  await chown(path, Number(stdout), Number(group))
  await chmod(path, 0o750)
  // setpriv becomes the program itself, so that a signal reaches it; runuser would stay in between.
  const identity = [`--reuid=${Number(stdout)}`, `--regid=${Number(group)}`, '--clear-groups']
  return (words) => ['setpriv', ...identity, '--', ...words]
}
