import type { AttemptRef, WorkerRecord } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'

export interface HeartbeatAnswer {
  /** End them, then acknowledge. */
  readonly cancelled: readonly AttemptRef[]
  /** Not this worker's any more: end them and say nothing. */
  readonly lost: readonly AttemptRef[]
  /** Take nothing new. */
  readonly isDraining: boolean
}

/** A sign of life of one boot of a worker. Renews the attempts that it names and holds, no others, so that a lease
 *  which the worker does not know of runs out (design §7); the durable cancels come back with the answer. */
export const heartbeat = async (
  { database }: Pick<ControlDeps, 'database'>,
  worker: WorkerRecord,
  named: readonly AttemptRef[],
): Promise<HeartbeatAnswer> => {
  const refs = [...new Map(named.map((ref) => [keyOf(ref), ref])).values()]
  return database.transaction(async (stores) => {
    const current = await stores.workers.touch(worker.id, worker.bootId)
    const held = refs.length > 0 ? await stores.attempts.renew(worker.id, worker.bootId, refs) : []
    const closing = held.filter((attempt) => attempt.state === 'closing')
    for (const { stageId, number, cancelSeenAt } of closing)
      if (cancelSeenAt === 0)
        await stores.attempts.update(stageId, number, { cancelSeen: true }, ['closing'])
    const kept = new Set(held.map((attempt) => keyOf({ ...attempt, attempt: attempt.number })))
    return {
      cancelled: closing.map(({ stageId, number }) => ({ stageId, attempt: number })),
      lost: refs.filter((ref) => !kept.has(keyOf(ref))),
      isDraining: current?.isDraining ?? true,
    }
  })
}

const keyOf = ({ stageId, attempt }: AttemptRef): string => `${stageId}-${attempt}`

/** Which of these attempts somebody still holds, whoever it is: what the others left may be removed. */
export const heldAttempts = async (
  { database }: Pick<ControlDeps, 'database'>,
  refs: readonly AttemptRef[],
): Promise<readonly AttemptRef[]> => {
  const held = new Map<number, number>()
  const ids = [...new Set(refs.map((ref) => ref.stageId))]
  for (let at = 0; at < ids.length; at += 500)
    for (const stage of await database.stages.findMany(ids.slice(at, at + 500)))
      if (stage.isHeld) held.set(stage.id, stage.attempt)
  return refs.filter(({ stageId, attempt }) => held.get(stageId) === attempt)
}
