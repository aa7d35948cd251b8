import type { Database, WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { equalHashes } from '../hand-over/hold-lease.ts'
import { forgetRecentWorkers } from './recent-workers.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

interface Recent {
  readonly worker: WorkerRecord
  readonly until: number
}

/** How long an answer is good for: a boot that was replaced on another API process is refused within that second, and on
 *  this one at once. Calls under a lease are checked in SQL all the same; what a replaced boot accepts in that second, its
 *  refused heartbeats do not renew, so it is taken back. */
const goodForMs = 1_000
const mostRecent = 1_000

const recent = new WeakMap<Database, Map<string, Recent>>()

/** Who presents this token, `null` where nobody may: the only source of a worker's identity (threats.md T-30). */
export const authenticateWorker = async (
  { database, hashToken }: Pick<ControlDeps, 'database' | 'hashToken'>,
  token: string,
): Promise<WorkerRecord | null> => {
  const id = token.slice(0, 36)
  if (token.length > 500 || token[36] !== '.' || !uuid.test(id)) return null
  const hash = hashToken(token)
  const known = recentOf(database)
  const before = known.get(id)
  const isGood = before && performance.now() < before.until
  if (isGood && equalHashes(before.worker.tokenHash, hash)) return before.worker
  const worker = await database.workers.find(id)
  if (!worker || !equalHashes(worker.tokenHash, hash)) return null
  // A registration that came while this was read has put another map in its place.
  if (known.size >= mostRecent) known.clear()
  known.set(id, { worker, until: performance.now() + goodForMs })
  return worker
}

const recentOf = (database: Database): Map<string, Recent> => {
  const known = recent.get(database) ?? new Map<string, Recent>()
  recent.set(database, known)
  return known
}

/** A worker was registered by this process: what was known before does not count any more. */
export const forgetWorkers = (database: Database): void => {
  recent.delete(database)
  forgetRecentWorkers(database)
}
