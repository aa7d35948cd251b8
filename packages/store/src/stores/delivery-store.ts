import {
  type Delivery,
  type DeliveryEnd,
  type DeliveryStore,
  deliveryOutcomes,
  deliveryWays,
} from '@waggle/domain'
import { sql } from 'kysely'
import { keep, pick } from '../keep.ts'
import { bytesOrNull, int, noun, text, word } from '../noun.ts'
import { bounded } from '../page.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const delivery = noun<Delivery>('delivery', {
  id: int,
  repoId: int,
  key: text,
  via: word(deliveryWays),
  outcome: word(deliveryOutcomes),
  buildId: int,
  buildNumber: int,
  reason: text,
  event: text,
  ref: text,
  commit: text,
  sender: text,
  bodyHash: text,
  bodyBytes: int,
  content: text,
  requestSealed: bytesOrNull,
  tries: int,
  createdAt: int,
  updatedAt: int,
})

// What was asked for may be kilobytes; lists have no use for it.
const light = delivery.columns.filter((column) => column !== 'requestSealed')

const given = [
  'via',
  'event',
  'ref',
  'commit',
  'sender',
  'bodyHash',
  'bodyBytes',
  'content',
] as const

interface Key {
  readonly repoId: number
  readonly key: string
}

const find = query(({ db }, p: { repoId: number; id: number }) =>
  db
    .selectFrom('deliveries')
    .select(delivery.columns)
    .where('repoId', '=', p.repoId)
    .where('id', '=', p.id),
)

const findByKey = query(({ db }, p: Key) =>
  db
    .selectFrom('deliveries')
    .select(delivery.columns)
    .where('repoId', '=', p.repoId)
    .where('key', '=', p.key),
)

interface Window {
  readonly repoId: number
  readonly outcome: string | null
  readonly offset: number
  readonly limit: number
}

const list = query(({ db, isAbsent }, p: Window) =>
  db
    .selectFrom('deliveries')
    .select(light)
    .where('repoId', '=', p.repoId)
    .where((eb) => eb.or([isAbsent(p.outcome, 'text'), sql<boolean>`outcome = ${p.outcome}`]))
    .orderBy('id', 'desc')
    .limit(p.limit)
    .offset(p.offset),
)

// One that built nothing may be tried again. On PostgreSQL a second claim of the same key waits here until the
// first one's transaction has ended, and then sees whether it built.
const claim = query(
  ({ db, stamp }, p: Record<string, never> & { keepMs: number; furtherTries: number }) =>
    db
      .insertInto('deliveries')
      .values({
        ...pick(p, ['repoId', 'key', ...given, 'requestSealed']),
        outcome: 'working',
        buildId: 0,
        buildNumber: 0,
        reason: '',
        tries: 1,
        createdAt: stamp,
        updatedAt: stamp,
      } as never)
      .onConflict((conflict) =>
        conflict
          .columns(['repoId', 'key'])
          .doUpdateSet({
            ...Object.fromEntries(
              given.map((field) => [field, sql`${sql.ref(`excluded.${field}`)}`]),
            ),
            outcome: 'working',
            buildId: 0,
            buildNumber: 0,
            reason: '',
            requestSealed: sql`coalesce(${sql.ref('excluded.requestSealed')}, ${sql.ref('deliveries.requestSealed')})`,
            tries: sql`${sql.ref('deliveries.tries')} + cast(${p.furtherTries} as bigint)`,
            createdAt: sql`case when ${sql.ref('deliveries.buildId')} = 0 then ${sql.ref('deliveries.createdAt')} else ${stamp} end`,
            updatedAt: stamp,
          } as never)
          .where(
            sql<boolean>`(${sql.ref('deliveries.buildId')} = 0 or ${sql.ref('deliveries.createdAt')} < ${stamp} - cast(${p.keepMs} as bigint))`,
          ),
      )
      .returning(light),
)

const insert = query(({ db, stamp }, p: Record<string, never>) =>
  db.insertInto('deliveries').values({
    ...pick(p, ['repoId', 'key', ...given, 'requestSealed']),
    ...pick(p, ['outcome', 'buildId', 'buildNumber', 'reason']),
    tries: 1,
    createdAt: stamp,
    updatedAt: stamp,
  } as never),
)

const settle = query(({ db, stamp }, p: Key & DeliveryEnd) =>
  db
    .updateTable('deliveries')
    .set({
      ...keep(p, ['outcome', 'buildId', 'buildNumber', 'reason', 'commit']),
      updatedAt: stamp,
    })
    .where('repoId', '=', p.repoId)
    .where('key', '=', p.key),
)

const findBuilt = query(({ db, now }, p: { repoId: number; content: string; withinMs: number }) =>
  db
    .selectFrom('deliveries')
    .select(light)
    .where('repoId', '=', p.repoId)
    .where('content', '=', p.content)
    // The condition of a partial index, word for word.
    .where(sql<boolean>`content <> '' and outcome = 'built'`)
    .where(sql<boolean>`created_at > ${now} - cast(${p.withinMs} as bigint)`)
    .orderBy('id', 'desc')
    .limit(1),
)

const reopen = query(({ db, stamp }, p: { repoId: number; id: number; buildId: number }) =>
  db
    .updateTable('deliveries')
    .set({ buildId: 0, outcome: 'failed', updatedAt: stamp })
    .where('repoId', '=', p.repoId)
    .where('id', '=', p.id)
    .where('buildId', '=', p.buildId),
)

const listStuck = query(({ db, now }, p: { olderThanMs: number; limit: number }) =>
  db
    .selectFrom('deliveries')
    .select(light)
    // The condition of a partial index, word for word.
    .where(sql<boolean>`outcome = 'working'`)
    // Rows that cannot be read, as many as there may be, hold up nothing behind them (threats.md T-47).
    .where(sql<boolean>`via in (${sql.join(deliveryWays.map((word) => sql.lit(word)))})`)
    .where(sql<boolean>`updated_at < ${now} - cast(${p.olderThanMs} as bigint)`)
    .orderBy('id')
    .limit(p.limit),
)

export const deliveryStore = (session: Session): DeliveryStore => {
  const one = (rows: readonly unknown[]) => (rows[0] ? delivery.read(rows[0]) : null)
  return {
    find: async (repoId, id) => one(await session.read(find, { repoId, id })),
    findByKey: async (repoId, key) => one(await session.read(findByKey, { repoId, key })),
    list: async (repoId, { outcome = null as never }, page) =>
      delivery.readAll(
        await session.read(list, { repoId, outcome, ...bounded(page) }),
        session.log,
      ),
    claim: async (wanted, { keepMs, isFurtherTry }) =>
      one(
        await session.write(claim, {
          ...delivery.write(wanted),
          keepMs,
          furtherTries: isFurtherTry ? 1 : 0,
        } as never),
      ),
    settle: async (repoId, key, end) => {
      await session.write(settle, { ...end, repoId, key })
    },
    create: async (wanted, end) => {
      const none = { buildId: 0, buildNumber: 0, reason: '' }
      await session.write(insert, delivery.write({ ...none, ...wanted, ...end }))
    },
    findBuilt: async (repoId, content, withinMs) =>
      one(await session.read(findBuilt, { repoId, content, withinMs })),
    reopen: async (repoId, id, buildId) => {
      await session.write(reopen, { repoId, id, buildId })
    },
    listStuck: async (olderThanMs, limit) =>
      delivery.readAll(await session.read(listStuck, { olderThanMs, limit }), session.log),
  }
}
