import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '@waggle/domain'
import { translateError } from '../translate-error.ts'

/** Lets only one process use the database: an empty database beside it is locked for as long as the process
 *  lives. The lock is the system's, so it goes with the process, however that ends. */
export const lockFile = async (path: string): Promise<{ release(): void }> => {
  // Waits a moment for a predecessor that is just leaving.
  for (let tries = 20; ; tries--) {
    const lock = new DatabaseSync(`${path}.lock`)
    try {
      lock.exec('begin exclusive')
      return { release: () => lock.close() }
    } catch (error) {
      lock.close()
      const reason = translateError(error)
      if (reason.code !== 'database_locked') throw reason
      if (tries === 0)
        throw unavailable(
          'database_in_use',
          `Another process uses the database ${path}: stop it first, or use PostgreSQL for several API processes.`,
          { cause: reason },
        )
      await delay(50)
    }
  }
}
