import type { Database } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'

/** How long a no is good: at hundreds of stages a second the question would cost two statements each. A yes is asked
 *  for again each time, or what a resume in another process offered could be left out by this one. */
const goodForMs = 200

const openUntil = new WeakMap<Database, number>()
const changes = new WeakMap<Database, number>()

/** Whether offering is paused: one row in SQL, surviving restarts and Redis (scheduling.md §5.7). A pause by another
 *  process takes hold within 200 ms. */
export const isPaused = async ({ database }: Pick<ControlDeps, 'database'>): Promise<boolean> => {
  if (performance.now() < (openUntil.get(database) ?? 0)) return false
  const seen = changes.get(database)
  const isQueuePaused = (await database.settings.get('queue_paused')) === 'true'
  // An answer from before a pause of this very process must not outlive it.
  if (!isQueuePaused && changes.get(database) === seen)
    openUntil.set(database, performance.now() + goodForMs)
  return isQueuePaused
}

/** This process just changed it: ask again. */
export const forgetPause = (database: Database): void => {
  changes.set(database, (changes.get(database) ?? 0) + 1)
  openUntil.delete(database)
}
