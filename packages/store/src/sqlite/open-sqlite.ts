import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import {
  type AtEnd,
  type Database,
  internal,
  type Logger,
  type Stores,
  unavailable,
} from '@waggle/domain'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect } from 'kysely'
import { sqliteDialect } from '../dialect.ts'
import { collectEnding } from '../ending.ts'
import { makeStores } from '../make-stores.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Session } from '../session.ts'
import { translateError } from '../translate-error.ts'
import { lockFile } from './file-lock.ts'
import { SqliteConnection, type Synchronous } from './sqlite-connection.ts'
import { WalSync } from './wal-sync.ts'
import { type Turn, WriteQueue } from './write-queue.ts'

export interface SqliteOptions {
  /** Its folder is made where it is missing. */
  readonly path: string
  readonly log: Logger
  /** Default `FULL` (design §14): nothing is told that a power cut could take back. */
  readonly synchronous?: Synchronous
}

/** Opens the embedded database, makes or migrates it, and holds it for this process alone. Throws `unavailable`
 *  `database_in_use`, `invalid` `database_newer`. */
export const openSqlite = async (options: SqliteOptions): Promise<Database> => {
  const path = resolve(options.path)
  const synchronous = options.synchronous ?? 'FULL'
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (cause) {
    throw unavailable(
      'database_unavailable',
      `The folder of the database ${path} cannot be made.`,
      {
        cause,
      },
    )
  }
  // What FULL adds to NORMAL, one fsync for each commit, is done without blocking the process (see WalSync).
  const ownSynchronous = synchronous === 'FULL' ? 'NORMAL' : synchronous
  const lock = await lockFile(path)
  const open: SqliteConnection[] = []
  const close = (): void => {
    for (const connection of open) connection.close()
    lock.release()
  }
  try {
    // Everything waits on the writer; readers see what is committed and never wait for it (WAL).
    const writer = new SqliteConnection(path, ownSynchronous)
    open.push(writer)
    chmodSync(path, 0o600)
    await migrate(migrationKysely(writer.database), 'sqlite', options.log)
    const reader = new SqliteConnection(path, ownSynchronous)
    open.push(reader)
    const walSync = synchronous === 'FULL' ? new WalSync(path) : null
    return database({ writer, reader, walSync }, options.log, close)
  } catch (error) {
    close()
    throw translateError(error)
  }
}

interface Open {
  readonly writer: SqliteConnection
  readonly reader: SqliteConnection
  readonly walSync: WalSync | null
}

const database = (
  { writer, reader, walSync }: Open,
  log: Logger,
  release: () => void,
): Database => {
  const queue = new WriteQueue(writer, walSync && (() => walSync.sync()))
  let isClosed = false
  const session: Session = {
    dialect: sqliteDialect,
    log,
    isOrdered: true,
    read: async (query, params) => {
      if (isClosed) throw unavailable('database_closed', 'The database is closed.')
      const rows = reader.run(query, params)
      // A reader sees commits that are still on their way to the disk: told now, they could be gone after a power cut.
      await queue.durable()
      return rows
    },
    write: (query, params) => queue.run(async () => writer.run(query, params)),
    change: (query, params) => queue.run(async () => writer.change(query, params)),
  }
  const stores = makeStores(session)
  return {
    ...stores,
    transaction: (work) => queue.run((turn) => transaction(writer, log, turn, work)),
    ping: async () => {
      await stores.now()
    },
    giveBackSpace: (pages) => queue.run(async () => writer.giveBackSpace(pages)),
    close: async () => {
      if (isClosed) return
      await queue.close()
      isClosed = true
      await walSync?.close()
      release()
    },
  }
}

/** The work's statements, on the writer. A statement that failed fails the transaction, also when the work went on,
 *  as on PostgreSQL; one that comes after the end must not slip into somebody else's. */
const transaction = async <T>(
  writer: SqliteConnection,
  log: Logger,
  turn: Turn,
  work: (stores: Stores, atEnd: AtEnd) => Promise<T>,
): Promise<T> => {
  let failure: unknown
  const ending = collectEnding()
  const once = <T>(statement: () => T): T => {
    if (turn.isOver) throw internal('transaction_over', 'A statement came after its transaction.')
    if (failure) throw failure
    try {
      return statement()
    } catch (error) {
      failure = error
      throw error
    }
  }
  const run: Session['read'] = async (query, params) => once(() => writer.run(query, params))
  const change: Session['change'] = async (query, params) =>
    once(() => writer.change(query, params))
  const session = { dialect: sqliteDialect, log, isOrdered: true, read: run, write: run, change }
  const stores = makeStores(session)
  const value = await work(stores, ending.atEnd)
  await Promise.all(ending.statements)
  if (failure) throw failure
  return value
}

/** Kysely on the writer's connection, for migrations. */
const migrationKysely = (database: DatabaseSync): Kysely<unknown> =>
  new Kysely({
    dialect: new (class extends SqliteDialect {
      override createAdapter() {
        return new TransactionalAdapter()
      }
    })({ database: shim(database) }),
  })

/** SQLite can take back changes of the schema; a half-made migration must not stay. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

const shim = (database: DatabaseSync): SqliteDatabase => ({
  close: () => undefined,
  prepare: (text) => {
    const statement = database.prepare(text)
    const cells = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...cells(parameters)),
      run: (parameters) => statement.run(...cells(parameters)),
      iterate: (parameters) => statement.iterate(...cells(parameters)),
    }
  },
})
