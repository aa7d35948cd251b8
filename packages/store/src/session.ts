import type { Logger } from '@waggle/domain'
import type { Dialect } from './dialect.ts'
import type { Query } from './query.ts'

/** Where statements run: on a connection of its own choice, or inside one transaction. */
export interface Session {
  readonly dialect: Dialect
  readonly log: Logger
  /** Statements that are asked for at once run in the order of asking. */
  readonly isOrdered: boolean
  /** Changes nothing, so outside of a transaction it may be repeated after a lost connection. */
  read<P, R>(query: Query<P, R>, params: P): Promise<readonly R[]>
  write<P, R>(query: Query<P, R>, params: P): Promise<readonly R[]>
  /** A statement that gives no rows back: how many it changed. On SQLite a row given back is half of what an update
   *  costs. */
  change<P>(query: Query<P, unknown>, params: P): Promise<number>
}
