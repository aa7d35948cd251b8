import { join } from 'node:path'
import { type Clock, type Database, isWaggleError, type Logger } from '@waggle/domain'
import { openPostgres, openSqlite } from '@waggle/store'

export interface DatabaseOptions {
  /** Empty: SQLite in the data folder. */
  readonly url: string | undefined
  readonly poolSize: number
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
}

const retryMs = 2_000

/** Opens the database. One that is not there yet is waited for, saying so once; one that can never be used throws. */
export const openDatabase = async (
  options: DatabaseOptions,
  signal: AbortSignal,
): Promise<Database> => {
  let isTold = false
  for (;;) {
    try {
      return await open(options)
    } catch (error) {
      if (!isWaggleError(error, 'unavailable')) throw error
      // The sentence says what to do; the reason behind it is for whoever looks closer.
      if (!isTold) options.log.warn('waiting for the database', { reason: error.message })
      options.log.debug('the database does not answer', { err: error })
      isTold = true
    }
    await options.clock.sleep(retryMs, signal)
  }
}

const open = ({ url, poolSize, folder, log }: DatabaseOptions): Promise<Database> =>
  url === undefined
    ? openSqlite({ path: join(folder, 'waggle.db'), log })
    : openPostgres({ url, poolSize, log })
