import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { sqliteDialect } from '../dialect.ts'
import type { Compiled, Query } from '../query.ts'
import { translateError } from '../translate-error.ts'

/** `FULL`: an acknowledged commit also survives a power cut. `NORMAL`: the last ones may be gone. `OFF`: for tests. */
export type Synchronous = 'FULL' | 'NORMAL' | 'OFF'

/** One connection with its prepared statements. Statements are few (see `query.ts`), so none is ever dropped. */
export class SqliteConnection {
  readonly database: DatabaseSync
  readonly #statements = new Map<Compiled, StatementSync>()

  constructor(path: string, synchronous: Synchronous) {
    this.database = new DatabaseSync(path)
    // A short wait: it blocks the whole process. The write queue repeats it without blocking.
    this.database.exec('pragma busy_timeout = 50')
    // Of a new file only, and before anything else is written: what is deleted can be given back to the disk later.
    this.database.exec('pragma auto_vacuum = incremental')
    this.database.exec('pragma journal_mode = wal')
    this.database.exec(`pragma synchronous = ${synchronous}`)
    this.database.exec('pragma foreign_keys = on')
    this.database.exec('pragma journal_size_limit = 67108864')
    // A page that many transactions change goes to the file once in 32 MB of log, not once in 4: a fifth less time.
    this.database.exec('pragma wal_autocheckpoint = 8192')
    // Pages that are at hand cost no system call; the default of 2 MB is less than a day's builds.
    this.database.exec('pragma cache_size = -32768')
    this.database.exec('pragma mmap_size = 268435456')
  }

  run<P, R>(query: Query<P, R>, params: P): readonly R[] {
    try {
      const compiled = query.compile(sqliteDialect)
      return this.#prepared(compiled).all(...(compiled.fill(params) as SQLInputValue[])) as R[]
    } catch (error) {
      throw translateError(error, query.conflictCode)
    }
  }

  /** Gives how many rows were changed. */
  change<P>(query: Query<P, unknown>, params: P): number {
    try {
      const compiled = query.compile(sqliteDialect)
      const { changes } = this.#prepared(compiled).run(
        ...(compiled.fill(params) as SQLInputValue[]),
      )
      return Number(changes)
    } catch (error) {
      throw translateError(error, query.conflictCode)
    }
  }

  #prepared(compiled: Compiled): StatementSync {
    const known = this.#statements.get(compiled)
    if (known) return known
    const statement = this.database.prepare(compiled.text)
    this.#statements.set(compiled, statement)
    return statement
  }

  /** Gives how many unused pages are left. A file that was made without this stays as it is. */
  giveBackSpace(pages: number): number {
    this.database.exec(`pragma incremental_vacuum(${Math.max(1, Math.trunc(pages))})`)
    const isGiving = this.#pragma('auto_vacuum') === 2
    return isGiving ? this.#pragma('freelist_count') : 0
  }

  #pragma(name: 'auto_vacuum' | 'freelist_count'): number {
    return Number(Object.values(this.database.prepare(`pragma ${name}`).get() ?? {})[0] ?? 0)
  }

  close(): void {
    this.#statements.clear()
    if (this.database.isOpen) this.database.close()
  }
}
