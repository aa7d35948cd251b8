import type { Attempt, AttemptPatch, AttemptState, AttemptStore, NewAttempt } from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { bytesOrNull, flag, int, noun, text, word } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const attempt = noun<Attempt>('attempt', {
  stageId: int,
  number: int,
  buildId: int,
  workerId: text,
  bootId: text,
  workerName: text,
  requestId: text,
  state: word(['leased', 'granted', 'closing', 'ended']),
  tokenHash: text,
  isFenced: flag,
  answerSealed: bytesOrNull,
  acceptedAt: int,
  renewedAt: int,
  endedAt: int,
  end: word(['', 'finished', 'released', 'requeued', 'lost', 'cancelled', 'superseded']),
  cancelRequestedAt: int,
  cancelSeenAt: int,
  cancelDoneAt: int,
})

// The sealed answer holds a whole pipeline with its secrets; lists and heartbeats have no use for it.
const light = attempt.columns.filter((column) => column !== 'answerSealed')

// A literal, so that the planner sees that the partial indexes hold these rows.
const isOpen = sql<boolean>`state <> 'ended'`

const find = query(({ db }, p: { stageId: number; number: number }) =>
  db
    .selectFrom('attempts')
    .select(attempt.columns)
    .where('stageId', '=', p.stageId)
    .where('number', '=', p.number),
)

const findLease = query(({ db }, p: { stageId: number; number: number }) =>
  db
    .selectFrom('attempts')
    .select(light)
    .where('stageId', '=', p.stageId)
    .where('number', '=', p.number),
)

const findByRequest = query(({ db }, p: { workerId: string; bootId: string; requestId: string }) =>
  db
    .selectFrom('attempts')
    .select(attempt.columns)
    .where('workerId', '=', p.workerId)
    .where('bootId', '=', p.bootId)
    .where('requestId', '=', p.requestId),
)

const listOpenByWorker = query(({ db }, p: { workerId: string }) =>
  db
    .selectFrom('attempts')
    .select(light)
    .where('workerId', '=', p.workerId)
    .where(isOpen)
    .orderBy('stageId')
    .orderBy('number'),
)

const create = query(
  ({ db, stamp }, p: NewAttempt) =>
    db
      .insertInto('attempts')
      .values({
        stageId: p.stageId,
        number: p.number,
        buildId: p.buildId,
        workerId: p.workerId,
        bootId: p.bootId,
        workerName: p.workerName,
        requestId: p.requestId,
        state: 'leased',
        tokenHash: p.tokenHash,
        isFenced: p.isFenced,
        answerSealed: p.answerSealed,
        acceptedAt: stamp,
        renewedAt: stamp,
        endedAt: 0,
        end: '',
        cancelRequestedAt: 0,
        cancelSeenAt: 0,
        cancelDoneAt: 0,
      })
      .returning(light),
  'attempt_exists',
)

interface Change extends AttemptPatch {
  readonly stageId: number
  readonly number: number
  readonly from: readonly AttemptState[]
}

const updating = ({ db, now, anyText, isAbsent }: Dialect, p: Change) => {
  const stamp = (isAsked: boolean | undefined, column: string): RawBuilder<number> =>
    sql<number>`case when ${isAbsent(isAsked, 'boolean')} then ${sql.ref(column)} else ${now} end`
  return db
    .updateTable('attempts')
    .set({
      state: sql<AttemptState>`coalesce(${p.state}, state)`,
      end: sql<Attempt['end']>`coalesce(${p.end}, ${sql.ref('end')})`,
      endedAt: sql<number>`case when ${p.state} = 'ended' then ${now} else ended_at end`,
      answerSealed: sql<null>`case when ${p.state} = 'ended' then null else answer_sealed end`,
      cancelRequestedAt: stamp(p.cancelRequested, 'cancelRequestedAt'),
      cancelSeenAt: stamp(p.cancelSeen, 'cancelSeenAt'),
      cancelDoneAt: stamp(p.cancelDone, 'cancelDoneAt'),
    })
    .where('stageId', '=', p.stageId)
    .where('number', '=', p.number)
    .where(anyText('state', p.from))
}

const update = query((dialect, p: Change) => updating(dialect, p).returning(light))
const change = query(updating)

interface Renewal {
  readonly workerId: string
  readonly bootId: string
  readonly stageIds: readonly number[]
  readonly numbers: readonly number[]
}

// Locked in one order, or two statements that meet several rows could wait for each other.
const renew = query(({ db, now, anyPair, hasRowLocks }, p: Renewal) =>
  db
    .updateTable('attempts')
    .set({ renewedAt: now })
    .where((eb) =>
      eb(
        eb.refTuple('stageId', 'number'),
        'in',
        eb
          .selectFrom('attempts')
          .select(['stageId', 'number'])
          .where(anyPair(['stageId', 'number'], p.stageIds, p.numbers))
          .where('workerId', '=', p.workerId)
          .where('bootId', '=', p.bootId)
          .where(isOpen)
          .orderBy('stageId')
          .orderBy('number')
          .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate())
          .$asTuple('stageId', 'number'),
      ),
    )
    .where(isOpen)
    .returning(light),
)

const listSilent = query(({ db, now }, p: { requeueMs: number; lostMs: number }) =>
  db
    .selectFrom('attempts')
    .select(light)
    .where(isOpen)
    .where(
      sql<boolean>`renewed_at < ${now} - (case when state = 'leased' then cast(${p.requeueMs} as bigint) else cast(${p.lostMs} as bigint) end)`,
    )
    .orderBy('renewedAt'),
)

const lockIfSilent = query(
  ({ db, now, hasRowLocks }, p: { stageId: number; number: number; silentMs: number }) =>
    db
      .selectFrom('attempts')
      .select(light)
      .where('stageId', '=', p.stageId)
      .where('number', '=', p.number)
      .where(isOpen)
      .where(sql<boolean>`renewed_at < ${now} - cast(${p.silentMs} as bigint)`)
      .$if(hasRowLocks, (locked) => locked.forNoKeyUpdate()),
)

const countHolders = query(({ db }) =>
  db
    .selectFrom('attempts')
    .select(sql<number>`count(distinct worker_id)`.as('count'))
    .where(isOpen),
)

const listCancels = query(({ db, anyInt }, p: { stageIds: readonly number[] }) =>
  db
    .selectFrom('attempts')
    .select(light)
    .where(anyInt('stageId', p.stageIds))
    .where('cancelRequestedAt', '>', 0)
    .orderBy('stageId')
    .orderBy('number'),
)

const countLosses = query(({ db }, p: { stageId: number }) =>
  db
    .selectFrom('attempts')
    .select(sql<number>`count(*)`.as('count'))
    .where('stageId', '=', p.stageId)
    .where('end', 'in', ['lost', 'requeued']),
)

const countOpenByWorker = query(({ db }) =>
  db
    .selectFrom('attempts')
    .select(['workerId as worker', sql<number>`count(*)`.as('count')])
    .where(isOpen)
    .groupBy('workerId'),
)

const listOldestOpen = query(
  ({ db, anyText }, p: { workerIds: readonly string[]; limit: number }) =>
    db
      .selectFrom('attempts')
      .select(light)
      .where(anyText('worker_id', p.workerIds))
      .where(isOpen)
      .orderBy('acceptedAt')
      .orderBy('stageId')
      .limit(p.limit),
)

const listByStage = query(({ db }, p: { stageId: number; limit: number }) =>
  db
    .selectFrom('attempts')
    .select(light)
    .where('stageId', '=', p.stageId)
    .orderBy('number', 'desc')
    .limit(p.limit),
)

export const attemptStore = (session: Session): AttemptStore => {
  const one = (rows: readonly unknown[]): Attempt | null => (rows[0] ? attempt.read(rows[0]) : null)
  const all = (rows: readonly unknown[]): readonly Attempt[] => attempt.readAll(rows, session.log)
  return {
    find: async (stageId, number) => one(await session.read(find, { stageId, number })),
    findLease: async (stageId, number) => one(await session.read(findLease, { stageId, number })),
    findByRequest: async (workerId, bootId, requestId) =>
      one(await session.read(findByRequest, { workerId, bootId, requestId })),
    listOpenByWorker: async (workerId) => all(await session.read(listOpenByWorker, { workerId })),
    create: async (given) => attempt.read((await session.write(create, given))[0]),
    update: async (stageId, number, patch, from) =>
      one(await session.write(update, { ...asked(patch), stageId, number, from: [...from] })),
    change: async (stageId, number, patch, from) =>
      (await session.change(change, { ...asked(patch), stageId, number, from: [...from] })) > 0,
    renew: async (workerId, bootId, refs) => {
      if (refs.length === 0) return []
      const rows = await session.write(renew, {
        workerId,
        bootId,
        stageIds: refs.map((ref) => ref.stageId),
        numbers: refs.map((ref) => ref.attempt),
      })
      return all(rows)
    },
    listSilent: async (limits) => all(await session.read(listSilent, limits)),
    lockIfSilent: async (stageId, number, silentMs) =>
      one(await session.read(lockIfSilent, { stageId, number, silentMs })),
    countHolders: async () => (await session.read(countHolders, {}))[0]?.count ?? 0,
    countOpenByWorker: async () => {
      const rows = await session.read(countOpenByWorker, {})
      return new Map(rows.map((row) => [row.worker, Number(row.count)]))
    },
    listOldestOpen: async (workerIds, limit) =>
      workerIds.length === 0
        ? []
        : all(await session.read(listOldestOpen, { workerIds: [...workerIds], limit })),
    listByStage: async (stageId, limit) => all(await session.read(listByStage, { stageId, limit })),
    listCancels: async (stageIds) =>
      stageIds.length === 0
        ? []
        : all(await session.read(listCancels, { stageIds: [...stageIds] })),
    countLosses: async (stageId) => (await session.read(countLosses, { stageId }))[0]?.count ?? 0,
  }
}

/** `false` asks for nothing, as does leaving a field out. */
const asked = ({ state, end, cancelRequested, cancelSeen, cancelDone }: AttemptPatch) => ({
  ...(state ? { state } : {}),
  ...(end ? { end } : {}),
  ...(cancelRequested ? { cancelRequested } : {}),
  ...(cancelSeen ? { cancelSeen } : {}),
  ...(cancelDone ? { cancelDone } : {}),
})
