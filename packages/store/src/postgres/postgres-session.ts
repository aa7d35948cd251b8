import { setTimeout as delay } from 'node:timers/promises'
import { type AtEnd, internal, isWaggleError, type Logger, type Stores } from '@waggle/domain'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { postgresDialect } from '../dialect.ts'
import { collectEnding } from '../ending.ts'
import { inTime, transactionMs } from '../in-time.ts'
import { makeStores } from '../make-stores.ts'
import type { Query } from '../query.ts'
import type { Session } from '../session.ts'
import { isConnectionLost, isRetryable, translateError } from '../translate-error.ts'

const retries = 3
/** How long after its start a statement may be repeated on another connection. */
const lostMs = 1_000

/** Each statement on a connection of the pool, committed by itself. Reads that are asked for in one breath
 *  (`Promise.all`) go together on one connection, in one packet. */
export const poolSession = (pool: Pool, log: Logger): Session => {
  const withReader = sharedClient(pool)
  return {
    dialect: postgresDialect,
    log,
    isOrdered: false,
    read: (query, params) =>
      outward(repeated(pool, isLost, () => withReader((client) => run(client, query, params)))),
    write: (query, params) =>
      outward(
        repeated(pool, isUnstarted, () => withClient(pool, (client) => run(client, query, params))),
      ),
    change: (query, params) =>
      outward(
        repeated(pool, isUnstarted, () =>
          withClient(pool, (client) => change(client, query, params)),
        ),
      ),
  }
}

/** Runs the work between BEGIN and COMMIT, again from the start when PostgreSQL asks for it (fault P6). */
export const poolTransaction = <T>(
  pool: Pool,
  log: Logger,
  work: (stores: Stores, atEnd: AtEnd) => Promise<T>,
): Promise<T> =>
  outward(
    repeated(pool, isUnstarted, () => withClient(pool, (client) => attempt(client, log, work))),
  )

/** What the driver said (nothing where the work itself failed), and what the caller gets to see. */
class Failure extends Error {
  readonly outward: unknown
  /** BEGIN itself failed, or there was no connection: nothing can have happened. */
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
  work: (stores: Stores, atEnd: AtEnd) => Promise<T>,
): Promise<T> => {
  let isOver = false
  let failure: Failure | undefined
  let last: Promise<unknown> = Promise.resolve()
  sendTogether(client)
  // Not waited for: the first statement goes in the same packet.
  const begun = client.query('begin').then(
    () => undefined,
    (cause: unknown) => {
      // Once the COMMIT is under way nobody knows what happened.
      failure ??= new Failure(cause, translateError(cause), !isOver)
    },
  )
  // Statements that the work asks for at once are sent at once; PostgreSQL runs them in this order.
  const statement = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (isOver) throw internal('transaction_over', 'A statement came after its transaction.')
    if (failure) throw failure.outward
    const answer = ask()
    last = answer.catch(() => undefined)
    try {
      return await answer
    } catch (error) {
      await begun
      if (!failure && !(error instanceof Failure)) throw error
      // What was sent behind it only says that the transaction is aborted.
      failure ??= error as Failure
      throw failure.outward
    }
  }
  const session: Session = {
    dialect: postgresDialect,
    log,
    isOrdered: true,
    read: (query, params) => statement(() => run(client, query, params)),
    write: (query, params) => statement(() => run(client, query, params)),
    change: (query, params) => statement(() => change(client, query, params)),
  }
  const ending = collectEnding()
  const demandSound = (): void => {
    if (failure) throw failure.outward
  }
  try {
    const value = await inTime(work(makeStores(session), ending.atEnd), transactionMs)
    isOver = true
    demandSound()
    // In the packet of the last statements.
    sendTogether(client)
    const committed = driver(client.query('commit'))
    committed.catch(() => undefined)
    await Promise.all([begun, last, ...ending.statements])
    demandSound()
    // PostgreSQL answers the COMMIT of a failed transaction with a rollback and no error.
    const { command } = await committed
    if (command !== 'COMMIT') throw internal('not_committed', 'A transaction was taken back.')
    return value
  } catch (error) {
    const isStuck = !isOver && isWaggleError(error, 'timeout')
    isOver = true
    if (error instanceof Failure) throw error
    // A connection that is gone, or still at work, is closed instead: that rolls back too, and does not wait.
    if (isStuck) throw new Failure(error, error)
    if (failure && isLost(failure)) throw new Failure(failure.cause, error, failure.isUnstarted)
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
): Promise<readonly R[]> => (await ask(client, query, params)).rows as R[]

const change = async <P>(
  client: PoolClient,
  query: Query<P, unknown>,
  params: P,
): Promise<number> => (await ask(client, query, params)).rowCount ?? 0

const ask = <P>(client: PoolClient, query: Query<P, unknown>, params: P): Promise<QueryResult> => {
  const { name, text, fill } = query.compile(postgresDialect)
  sendTogether(client)
  return driver(client.query({ name, text, values: fill(params) }), query.conflictCode)
}

/** What is sent until this turn of the event loop ends goes in one packet: a system call costs more than a statement. */
const sendTogether = (client: PoolClient): void => {
  const { stream } = client.connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

interface Shared {
  readonly client: Promise<PoolClient>
  users: number
  isInDoubt: boolean
}

/** Gives those who ask before the current microtasks have run the same connection. */
const sharedClient = (pool: Pool) => {
  let open: Shared | null = null
  return async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    if (!open) {
      open = { client: pool.connect(), users: 0, isInDoubt: false }
      queueMicrotask(() => {
        open = null
      })
    }
    const shared = open
    shared.users++
    const client = await shared.client.catch((cause: unknown) => {
      throw new Failure(cause, translateError(cause), true)
    })
    try {
      return await work(client)
    } catch (error) {
      shared.isInDoubt ||= isLost(error)
      throw error
    } finally {
      if (--shared.users === 0) client.release(shared.isInDoubt)
    }
  }
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
