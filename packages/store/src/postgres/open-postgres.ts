import { type Database, invalid, type Logger, unavailable } from '@waggle/domain'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type PoolClient, type PoolConfig, types } from 'pg'
import { makeStores } from '../make-stores.ts'
import { migrate } from '../migrations/migrate.ts'
import { translateError } from '../translate-error.ts'
import { poolSession, poolTransaction } from './postgres-session.ts'

export interface PostgresOptions {
  /** `postgres://…` */
  readonly url: string
  /** Most connections of this process. */
  readonly poolSize: number
  readonly log: Logger
}

// Any number of API processes may start at once; the first to get this lock migrates. The number is arbitrary.
const migrationLock = 7_249_110

/** Opens PostgreSQL 13 or newer and makes or migrates the tables. Throws `unavailable` when it does not answer,
 *  `invalid` `database_too_old` or `database_newer`. */
export const openPostgres = async (options: PostgresOptions): Promise<Database> => {
  const { log } = options
  // The address is not repeated: it may hold a password.
  if (!/^postgres(ql)?:/.test(options.url) || !URL.canParse(options.url))
    throw invalid(
      'database_url_invalid',
      'The address of the database must look like postgres://user:password@host:5432/name.',
    )
  await prepare(options)
  const pool = makePool(options.url, log, {
    max: options.poolSize,
    // Statements need not wait for the answer of the one before.
    pipeline: true,
    // A server that hangs must not hold a request for longer than people wait (faults P2, P3). The client's limit
    // is for a server that does not even notice its own.
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    // A stopped process must not hold its locks for ever.
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
  })
  const stores = makeStores(poolSession(pool, log))
  let isClosed = false
  return {
    ...stores,
    transaction: async (work) => {
      if (isClosed) throw unavailable('database_closed', 'The database is closed.')
      return poolTransaction(pool, log, work)
    },
    ping: async () => {
      await stores.now()
    },
    giveBackSpace: async () => 0,
    close: async () => {
      if (isClosed) return
      isClosed = true
      await pool.end()
    },
  }
}

const makePool = (url: string, log: Logger, config: PoolConfig): Pool => {
  const pool = new Pool({
    connectionString: url,
    application_name: 'waggle',
    types: {
      // bigint as a number: all of ours are far below 2^53.
      getTypeParser: ((id: number, format?: 'text') =>
        id === 20 ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser,
    },
    ...config,
  })
  // Without these listeners a connection that breaks, idle or lent, ends the process (fault P1).
  pool.on('error', (err) => log.debug('database connection lost', { err }))
  pool.on('connect', (client) => {
    client.on('error', (err) => log.debug('database connection lost', { err }))
  })
  return pool
}

const prepare = async ({ url, log }: PostgresOptions): Promise<void> => {
  let pool: Pool | undefined
  let client: PoolClient | undefined
  try {
    pool = makePool(url, log, { max: 2, connectionTimeoutMillis: 5_000 })
    client = await pool.connect()
    await refuseOld(client)
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    // Not destroyed: it would end the pool, and with it the lock, which is ended below.
    await migrate(new Kysely({ dialect: new PostgresDialect({ pool }) }), 'postgres', log)
  } catch (error) {
    throw translateError(error)
  } finally {
    client?.release(true)
    await pool?.end()
  }
}

const refuseOld = async (client: PoolClient): Promise<void> => {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  if (version < 13)
    throw invalid(
      'database_too_old',
      `The database is PostgreSQL ${version}: Waggle needs version 13 or newer.`,
    )
}
