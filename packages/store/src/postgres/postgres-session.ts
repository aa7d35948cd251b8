import { setTimeout as delay } from 'node:timers/promises'
import { internal, isWaggleError, type Logger, type Stores } from '@waggle/domain'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { postgresDialect } from '../dialect.ts'
import { inTime, transactionMs } from '../in-time.ts'
import { makeStores } from '../make-stores.ts'
import type { Query } from '../query.ts'
import type { Session } from '../session.ts'
import { isConnectionLost, isRetryable, translateError } from '../translate-error.ts'

const retries = 3
/** How long after its start a statement may be repeated on another connection. */
const lostMs = 1_000

/** Each statement on a connection of the pool, committed by itself. */
export const poolSession = (pool: Pool, log: Logger): Session => {
  const once = <P, R>(query: Query<P, R>, params: P): Promise<readonly R[]> =>
    withClient(pool, (client) => run(client, query, params))
  return {
    dialect: postgresDialect,
    log,
    read: (query, params) => outward(repeated(pool, isLost, () => once(query, params))),
    write: (query, params) => outward(repeated(pool, isUnstarted, () => once(query, params))),
  }
}

/** Runs the work between BEGIN and COMMIT, again from the start when PostgreSQL asks for it (fault P6). */
export const poolTransaction = <T>(
  pool: Pool,
  log: Logger,
  work: (stores: Stores) => Promise<T>,
): Promise<T> =>
  outward(
    repeated(pool, isUnstarted, () => withClient(pool, (client) => attempt(client, log, work))),
  )

/** What the driver said (nothing where the work itself failed), and what the caller gets to see. */
class Failure extends Error {
  readonly outward: unknown
  /** Nothing but BEGIN had been sent. */
  readonly isUnstarted: boolean
  constructor(cause: unknown, outward: unknown, isUnstarted = false) {
    super('statement failed', { cause })
    this.outward = outward
    this.isUnstarted = isUnstarted
  }
}

const outward = async <T>(result: Promise<T>): Promise<T> => {
  try {
    return await result
  } catch (error) {
    throw error instanceof Failure ? error.outward : error
  }
}

const isLost = (error: unknown): boolean =>
  error instanceof Failure && error.cause !== undefined && isConnectionLost(error.cause)

const isUnstarted = (error: unknown): boolean =>
  error instanceof Failure && error.isUnstarted && isLost(error)

const driver = async <T>(call: Promise<T>, conflictCode?: string): Promise<T> => {
  try {
    return await call
  } catch (error) {
    throw new Failure(error, translateError(error, conflictCode))
  }
}

const attempt = async <T>(
  client: PoolClient,
  log: Logger,
  work: (stores: Stores) => Promise<T>,
): Promise<T> => {
  let isOver = false
  let failure: Failure | undefined
  // One statement after the other, also when the work asks for several at once.
  let last: Promise<unknown> = Promise.resolve()
  const statement: Session['read'] = (query, params) => {
    const next = last.then(async () => {
      if (isOver) throw internal('transaction_over', 'A statement came after its transaction.')
      if (failure) throw failure.outward
      try {
        return await run(client, query, params)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        failure = error
        throw error.outward
      }
    })
    last = next.catch(() => undefined)
    return next
  }
  const session = { dialect: postgresDialect, log, read: statement, write: statement }
  await client.query('begin').catch((cause: unknown) => {
    throw new Failure(cause, translateError(cause), true)
  })
  try {
    const value = await inTime(work(makeStores(session)), transactionMs)
    await last
    isOver = true
    // PostgreSQL would answer the COMMIT of a failed transaction with a rollback and no error.
    if (failure) throw failure.outward
    await driver(client.query('commit'))
    return value
  } catch (error) {
    const isStuck = !isOver && isWaggleError(error, 'timeout')
    isOver = true
    if (error instanceof Failure) throw error
    // A connection that is gone, or still at work, is closed instead: that rolls back too, and does not wait.
    if (isStuck) throw new Failure(error, error)
    if (failure && isLost(failure)) throw new Failure(failure.cause, error)
    await client.query('rollback').catch((cause: unknown) => {
      failure = new Failure(cause, error)
    })
    throw new Failure(failure?.cause, error)
  }
}

const run = async <P, R>(
  client: PoolClient,
  query: Query<P, R>,
  params: P,
): Promise<readonly R[]> => {
  const { name, text, fill } = query.compile(postgresDialect)
  const result: QueryResult = await driver(
    client.query({ name, text, values: fill(params) }),
    query.conflictCode,
  )
  return result.rows as R[]
}

const withClient = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect().catch((cause: unknown) => {
    throw new Failure(cause, translateError(cause), true)
  })
  try {
    const value = await work(client)
    client.release()
    return value
  } catch (error) {
    // A connection in doubt (lost, or with an answer still under way) must not serve the next one.
    client.release(isLost(error))
    throw error
  }
}

/** Again from the start where PostgreSQL asks for it (fault P6), or where the connection was lost and `mayRepeat`
 *  says that no harm is done. After a restart of the server each idle connection may show itself as lost, so it takes
 *  as many tries as there are; a server that hangs instead gets no second one (faults P1, P3). */
const repeated = async <T>(
  pool: Pool,
  mayRepeat: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> => {
  const started = performance.now()
  let asked = 0
  let lost = 0
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Failure && isRetryable(error.cause)) {
        if (++asked > retries) throw error
        // Jitter, or two that met would meet again.
        await delay(Math.random() * 40 * 2 ** asked)
        continue
      }
      const isSoon = performance.now() - started < lostMs
      if (!mayRepeat(error) || !isSoon || ++lost > pool.options.max) throw error
    }
  }
}
