import type { WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from './control-deps.ts'
import { equalHashes } from './hold-lease.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Who presents this token, `null` where nobody may: the only source of a worker's identity (threats.md T-30). */
export const authenticateWorker = async (
  { database, hashToken }: Pick<ControlDeps, 'database' | 'hashToken'>,
  token: string,
): Promise<WorkerRecord | null> => {
  const id = token.slice(0, 36)
  if (token.length > 500 || token[36] !== '.' || !uuid.test(id)) return null
  const worker = await database.workers.find(id)
  return worker && equalHashes(worker.tokenHash, hashToken(token)) ? worker : null
}
