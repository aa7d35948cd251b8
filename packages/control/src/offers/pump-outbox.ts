import type { TellDeps } from '../control-deps.ts'
import { deliverOutbox } from './deliver-outbox.ts'

const batchSize = 500

/** Tells what a process committed and then did not tell: it died in between, or Redis was away. Rows younger than
 *  `minAgeMs` are left to the process that is just about to tell them. Gives how many rows were told. */
export const pumpOutbox = async (deps: TellDeps, minAgeMs: number): Promise<number> => {
  let told = 0
  for (;;) {
    const rows = await deps.database.outbox.list(batchSize)
    if (rows.length === 0) return told
    const now = await deps.database.now()
    const due = rows.filter((row) => now - row.createdAt >= minAgeMs)
    await deliverOutbox(deps, due)
    told += due.length
    // After an outage there may be thousands: all of those that are due, not one batch a tick.
    if (due.length < batchSize) return told
  }
}
