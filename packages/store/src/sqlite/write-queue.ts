import { setTimeout as delay } from 'node:timers/promises'
import { isWaggleError, unavailable, type WaggleError } from '@waggle/domain'
import { inTime, transactionMs } from '../in-time.ts'
import { translateError } from '../translate-error.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** What a work may ask while it runs. */
export interface Turn {
  /** The queue has gone on to the next: the connection is not the work's any more. */
  isOver: boolean
}

interface Entry {
  readonly work: (turn: Turn) => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

interface Outcome {
  readonly tell: () => void
  readonly reject: (reason: unknown) => void
}

/** Runs all writers one after the other on one connection, and commits those that wait together: each in its
 *  savepoint, all inside one transaction. A failing one takes back its own savepoint only. Nobody hears of anything
 *  before that commit has reached the disk; meanwhile the next groups run, and share the next call that writes them
 *  out. (Why this keeps the promise of `synchronous=FULL`: docs/decisions/0002-grouped-commits-on-sqlite.md.) */
export class WriteQueue {
  readonly #connection: SqliteConnection
  readonly #waiting: Entry[] = []
  readonly #limits: WriteLimits
  readonly #sync: (() => Promise<void>) | null
  /** Committed, and on their way to the disk. */
  #syncing: Outcome[] | null = null
  /** Committed since: the next sync takes them. */
  #committed: Outcome[] = []
  #draining: Promise<void> | null = null
  #flushing: Promise<void> | null = null
  #failure: WaggleError | null = null
  #isClosed = false

  /** `sync`: brings to the disk what was committed before it was called; null where commits do that themselves, or
   *  where nothing depends on it. */
  constructor(
    connection: SqliteConnection,
    sync: (() => Promise<void>) | null,
    limits: WriteLimits = writeLimits,
  ) {
    this.#connection = connection
    this.#sync = sync
    this.#limits = limits
  }

  run<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed())
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Takes nothing new and resolves when everything that waits is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#draining
    await this.#flushing
  }

  /** Resolves when all that is committed now is on the disk too; at once (undefined) where it is. What a reader saw may
   *  be told only then. */
  durable(): Promise<void> | undefined {
    if (this.#failure) return Promise.reject(this.#failure)
    const batch = this.#committed.length > 0 ? this.#committed : this.#syncing
    if (!batch) return undefined
    return new Promise((resolve, reject) => batch.push({ tell: resolve, reject }))
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Requests that arrived together join one group: their callbacks run before this one.
      await new Promise((resolve) => setImmediate(resolve))
      try {
        await this.#group()
      } catch (error) {
        for (const entry of this.#waiting.splice(0)) entry.reject(error)
      }
    }
    this.#draining = null
  }

  async #group(): Promise<void> {
    await this.#begin()
    const outcomes: Outcome[] = []
    try {
      while (this.#waiting.length > 0 && outcomes.length < this.#limits.groupSize)
        outcomes.push(await this.#one(this.#waiting.shift() as Entry))
      this.#connection.database.exec('commit')
    } catch (error) {
      if (this.#connection.database.isTransaction) this.#connection.database.exec('rollback')
      const reason = translateError(error)
      for (const { reject } of outcomes) reject(reason)
      return
    }
    this.#settle(outcomes)
  }

  #settle(outcomes: readonly Outcome[]): void {
    if (this.#sync === null) {
      for (const { tell } of outcomes) tell()
      return
    }
    this.#committed.push(...outcomes)
    this.#flushing ??= this.#flush(this.#sync)
  }

  async #flush(sync: () => Promise<void>): Promise<void> {
    while (this.#committed.length > 0) {
      const batch = this.#committed
      this.#committed = []
      this.#syncing = batch
      try {
        await sync()
      } catch (cause) {
        this.#fail(cause)
      }
      this.#syncing = null
      for (const { tell, reject } of batch)
        if (this.#failure) reject(this.#failure)
        else tell()
    }
    this.#flushing = null
  }

  /** Final: after a failed sync the system takes the pages for written, so that the next one would succeed and say
   *  nothing about them. Only a new start finds out what is really there. */
  #fail(cause: unknown): void {
    this.#failure ??= unavailable(
      'database_disk_failed',
      'The disk of the database failed to store a change: look after it, then start again.',
      { cause },
    )
    for (const entry of this.#waiting.splice(0)) entry.reject(this.#failure)
  }

  /** Waits for another process that holds the file, without blocking this one. */
  async #begin(): Promise<void> {
    const end = performance.now() + this.#limits.lockedMs
    for (;;) {
      try {
        this.#connection.database.exec('begin immediate')
        return
      } catch (error) {
        const reason = translateError(error)
        const isLocked = isWaggleError(reason) && reason.code === 'database_locked'
        if (!isLocked || performance.now() > end) throw reason
        await delay(20 + Math.random() * 30)
      }
    }
  }

  async #one(entry: Entry): Promise<Outcome> {
    const { database } = this.#connection
    database.exec('savepoint entry')
    const turn: Turn = { isOver: false }
    let tell: () => void
    try {
      // One that waits for something else, such as another transaction, would hold up every writer for good.
      const value = await inTime(entry.work(turn), this.#limits.workMs).finally(() => {
        turn.isOver = true
      })
      database.exec('release entry')
      tell = () => entry.resolve(value)
    } catch (error) {
      tell = () => entry.reject(error)
      // Some errors (full disk, damaged file) make SQLite take back the whole transaction.
      if (!database.isTransaction) {
        entry.reject(error)
        throw error
      }
      database.exec('rollback to entry')
      database.exec('release entry')
    }
    return { tell, reject: entry.reject }
  }
}

export interface WriteLimits {
  /** Most transactions in one commit: bounds how long the first waits for the last. */
  readonly groupSize: number
  /** How long one transaction may take. */
  readonly workMs: number
  /** How long to wait for another process that has locked the file. */
  readonly lockedMs: number
}

const writeLimits: WriteLimits = { groupSize: 64, workMs: transactionMs, lockedMs: 5_000 }

const closed = () => unavailable('database_closed', 'The database is closed.')
