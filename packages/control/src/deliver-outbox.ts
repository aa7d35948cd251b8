import {
  type Database,
  isWaggleError,
  type OutboxMessage,
  type OutboxRow,
  type Stage,
} from '@waggle/domain'
import { archiveOrphanLogs } from './archive-orphan-logs.ts'
import type { TellDeps } from './control-deps.ts'
import { publishOffers } from './dispatch.ts'

/** Tells what committed transactions promised, and forgets those promises. Each message may be told twice, by the
 *  process that committed it and by the pump of another. Throws `unavailable` where something is away: the rows stay.
 *  A row that fails in any other way is dropped: offers are healed by the reconciler, cancels by the heartbeat. */
export const deliverOutbox = async (
  deps: TellDeps,
  rows: readonly OutboxRow[],
  /** Stages as they were just committed, so that they are not read again. */
  known: readonly Stage[] = [],
): Promise<void> => {
  if (rows.length === 0) return
  try {
    await tell(
      deps,
      rows.map((row) => row.message),
      known,
    )
  } catch (error) {
    if (isWaggleError(error, 'unavailable')) throw error
    if (rows.length > 1) {
      for (const row of rows) await deliverOutbox(deps, [row], known)
      return
    }
    deps.log.error('an outbox message cannot be told and is dropped', {
      name: rows[0]?.message.kind ?? '',
      'stage.id': rows[0]?.message.stageId ?? 0,
      err: error,
    })
  }
  await forget(deps.database, rows)
}

interface Forgetting {
  readonly ids: number[]
  readonly done: Promise<void>
}

const forgetting = new WeakMap<Database, Forgetting>()

/** Deletes rows that were told; those of several commits that come while one statement is under way go together. */
const forget = (database: Database, rows: readonly OutboxRow[]): Promise<void> => {
  const next = forgetting.get(database)
  if (next) {
    next.ids.push(...rows.map((row) => row.id))
    return next.done
  }
  const ids = rows.map((row) => row.id)
  // Waits for the event loop's turn to end: what other calls have told by then is deleted with the same statement.
  const done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    forgetting.delete(database)
    return database.outbox.delete(ids)
  })
  forgetting.set(database, { ids, done })
  return done
}

/** The same right after a commit: a failure is left to the pump. */
export const deliverNow = async (
  deps: TellDeps,
  rows: readonly OutboxRow[],
  known: readonly Stage[] = [],
): Promise<void> => {
  try {
    await deliverOutbox(deps, rows, known)
  } catch (err) {
    deps.log.warn('telling after the commit failed, the pump goes on', { count: rows.length, err })
  }
}

/** The same for several transactions at once. */
export const deliverEnded = (
  deps: TellDeps,
  ended: readonly { readonly outbox: readonly OutboxRow[]; readonly pending: readonly Stage[] }[],
): Promise<void> =>
  deliverNow(
    deps,
    ended.flatMap(({ outbox }) => outbox),
    ended.flatMap(({ pending }) => pending),
  )

const tell = async (
  deps: TellDeps,
  messages: readonly OutboxMessage[],
  known: readonly Stage[],
): Promise<void> => {
  await offer(deps, ofKind(messages, 'offer'), known)
  const withdrawn = ofKind(messages, 'withdraw')
  if (withdrawn.length > 0) await deps.offers.withdraw(withdrawn)
  await Promise.all(
    ofKind(messages, 'cancel').map(({ workerId, stageId, attempt }) =>
      deps.signals.notifyCancel(workerId, { stageId, attempt }),
    ),
  )
  for (const { stageId, attempt } of ofKind(messages, 'orphan_logs'))
    await archiveOrphanLogs(deps, { stageId, attempt })
  for (const { stageId, attempt, logs } of ofKind(messages, 'dropped_logs'))
    for (const log of logs) await deps.liveLog.close({ stageId, attempt, ...log })
}

const offer = async (
  deps: TellDeps,
  messages: readonly Extract<OutboxMessage, { kind: 'offer' }>[],
  known: readonly Stage[],
): Promise<void> => {
  if (messages.length === 0) return
  const byId = new Map(known.map((stage) => [stage.id, stage]))
  const unread = messages.map(({ stageId }) => stageId).filter((id) => !byId.has(id))
  if (unread.length > 0)
    for (const stage of await deps.database.stages.findMany(unread)) byId.set(stage.id, stage)
  // A stage that was accepted or cancelled since is not offered any more.
  const current = messages
    .filter(({ stageId, attempt }) => byId.get(stageId)?.attempt === attempt - 1)
    .map(({ stageId }) => byId.get(stageId))
    .filter((stage) => stage !== undefined)
  await publishOffers(deps, current)
}

const ofKind = <K extends OutboxMessage['kind']>(
  messages: readonly OutboxMessage[],
  kind: K,
): readonly Extract<OutboxMessage, { kind: K }>[] =>
  messages.filter(
    (message): message is Extract<OutboxMessage, { kind: K }> => message.kind === kind,
  )
