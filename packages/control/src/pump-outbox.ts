import type { TellDeps } from './control-deps.ts'
import { deliverOutbox } from './deliver-outbox.ts'

const batchSize = 500

/** Tells what a process committed and then did not tell: it died in between, or Redis was away. Rows younger than
 *  `minAgeMs` are left to the process that is just about to tell them. Gives how many rows were told. */
export const pumpOutbox = async (deps: TellDeps, minAgeMs: number): Promise<number> => {
  const rows = await deps.database.outbox.list(batchSize)
  if (rows.length === 0) return 0
  const now = await deps.database.now()
  const due = rows.filter((row) => now - row.createdAt >= minAgeMs)
  await deliverOutbox(deps, due)
  return due.length
}
