import {
  type Database,
  isWaggleError,
  type OutboxMessage,
  type OutboxRow,
  type Stage,
} from '@waggle/domain'
import type { TellDeps } from '../control-deps.ts'
import { archiveOrphanLogs } from '../step-logs/archive-orphan-logs.ts'
import { publishOffers } from './dispatch.ts'

/** Tells what committed transactions promised, and forgets those promises. Each message may be told twice, by the
 *  process that committed it and by the pump of another. Throws `unavailable` where something is away: the rows stay.
 *  A row that fails in any other way is dropped: offers are healed by the reconciler, cancels by the heartbeat. */
export const deliverOutbox = async (deps: TellDeps, rows: readonly OutboxRow[]): Promise<void> => {
  await tellRows(deps, rows, [])
  await deps.database.outbox.delete(rows.map((row) => row.id))
}

/** `known`: stages as they were just committed, so that they are not read again. */
const tellRows = async (
  deps: TellDeps,
  rows: readonly OutboxRow[],
  known: readonly Stage[],
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
      for (const row of rows) await tellRows(deps, [row], known)
      return
    }
    deps.log.error('an outbox message cannot be told and is dropped', {
      name: rows[0]?.message.kind ?? '',
      'stage.id': rows[0]?.message.stageId ?? 0,
      err: error,
    })
  }
}

/** How long told rows wait for others to be deleted with. Shorter than the pump leaves rows alone, so that it seldom
 *  tells them again, and if it does, nothing comes of it. */
const forgetAfterMs = 100

const told = new WeakMap<Database, number[]>()

/** Deletes rows that were told, later and together: one transaction for all calls of a tenth of a second, not one each. */
const forgetSoon = ({ database, log }: TellDeps, rows: readonly OutboxRow[]): void => {
  if (rows.length === 0) return
  const ids = rows.map((row) => row.id)
  const waiting = told.get(database)
  if (waiting) {
    for (const id of ids) waiting.push(id)
    return
  }
  told.set(database, ids)
  const forget = (): void => {
    told.delete(database)
    database.outbox.delete(ids).catch((err: unknown) => {
      log.debug('told messages were not deleted, the pump tells them again', { err })
    })
  }
  // A process that ends first leaves them to the pump of the next one.
  setTimeout(forget, forgetAfterMs).unref()
}

/** The same right after a commit: a failure is left to the pump. */
export const deliverNow = async (
  deps: TellDeps,
  rows: readonly OutboxRow[],
  known: readonly Stage[] = [],
): Promise<void> => {
  try {
    await tellRows(deps, rows, known)
    forgetSoon(deps, rows)
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
  for (const { stageId, attempt, logs } of ofKind(messages, 'orphan_logs'))
    await archiveOrphanLogs(deps, { stageId, attempt }, logs)
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
