import {
  type NewWebhookCall,
  type WebhookCall,
  type WebhookCallStore,
  type WebhookEvent,
  type WebhookLine,
  webhookStates,
} from '@waggle/domain'
import { sql } from 'kysely'
import { insertRows } from '../insert-rows.ts'
import { int, noun, text, word } from '../noun.ts'
import { bounded } from '../page.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const events: readonly WebhookEvent['event'][] = ['user', 'repo', 'build', 'status']
const actions: readonly WebhookEvent['action'][] = [
  'created',
  'updated',
  'deleted',
  'enabled',
  'disabled',
]

const call = noun<WebhookCall>('webhook call', {
  id: int,
  receiver: text,
  event: word(events),
  action: word(actions),
  repoId: int,
  buildId: int,
  body: text,
  state: word(webhookStates),
  tries: int,
  status: int,
  error: text,
  createdAt: int,
  endedAt: int,
})

const insert = insertRows<NewWebhookCall>(
  'webhookCalls',
  ['receiver', 'event', 'action', 'repoId', 'buildId', 'body'],
  ['id'],
  'row_exists',
  ({ stamp }) => ({
    state: 'waiting',
    tries: 0,
    status: 0,
    error: '',
    createdAt: stamp,
    endedAt: 0,
  }),
)

// Rows that cannot be read, as many as there may be, hold up nothing behind them (threats.md T-47): of these columns
// alone the database takes what this program does not.
const isReadable = sql<boolean>`event in (${sql.join(events.map((word) => sql.lit(word)))}) and action in (${sql.join(actions.map((word) => sql.lit(word)))})`

const next = query(({ db }, p: { receiver: string }) =>
  db
    .selectFrom('webhookCalls')
    .select(call.columns)
    .where('receiver', '=', p.receiver)
    .where(sql<boolean>`state = 'waiting' and ${isReadable}`)
    .orderBy('id')
    .limit(1),
)

const listDue = query(({ db, now }) =>
  db
    .selectFrom('webhookCalls as calls')
    .leftJoin('webhookReceivers as held', 'held.receiver', 'calls.receiver')
    .select('calls.receiver')
    .distinct()
    .where(sql<boolean>`calls.state = 'waiting'`)
    .where(
      sql<boolean>`coalesce(held.held_until, 0) <= ${now} and coalesce(held.due_at, 0) <= ${now}`,
    )
    .orderBy('calls.receiver'),
)

/** No wait is longer. What lies further ahead was written before the clock was set back. */
const longestWaitMs = 24 * 3_600_000

const claim = query(({ db, now }, p: { receiver: string; holder: string; leaseMs: number }) => {
  const until = sql<number>`${now} + cast(${p.leaseMs} as bigint)`
  const isFree = (column: string) =>
    sql<boolean>`(${sql.ref(column)} <= ${now} or ${sql.ref(column)} > ${now} + ${sql.lit(longestWaitMs)})`
  return db
    .insertInto('webhookReceivers')
    .values({ receiver: p.receiver, holder: p.holder, heldUntil: until, dueAt: 0 })
    .onConflict((conflict) =>
      conflict
        .column('receiver')
        .doUpdateSet({ holder: p.holder, heldUntil: until })
        .where(
          sql<boolean>`(${isFree('webhook_receivers.held_until')} and ${isFree('webhook_receivers.due_at')}) or (webhook_receivers.holder = excluded.holder and webhook_receivers.held_until > ${now})`,
        ),
    )
    .returning('receiver')
})

const release = query(({ db, now }, p: { receiver: string; holder: string; waitMs: number }) =>
  db
    .updateTable('webhookReceivers')
    .set({
      holder: '',
      heldUntil: 0,
      dueAt: sql<number>`${now} + cast(${p.waitMs} as bigint)`,
    })
    .where('receiver', '=', p.receiver)
    .where('holder', '=', p.holder),
)

const noteTry = query(({ db }, p: { id: number; status: number; error: string }) =>
  db
    .updateTable('webhookCalls')
    .set({ tries: sql<number>`tries + 1`, status: p.status, error: p.error })
    .where('id', '=', p.id)
    .where(sql<boolean>`state = 'waiting'`),
)

const settle = query(
  (
    { db, now },
    p: { id: number; state: 'sent' | 'failed'; status: number; error: string; body: string | null },
  ) =>
    db
      .updateTable('webhookCalls')
      .set({
        tries: sql<number>`tries + 1`,
        state: p.state,
        status: p.status,
        error: p.error,
        body: sql<string>`coalesce(cast(${p.body} as text), body)`,
        endedAt: now,
      })
      .where('id', '=', p.id)
      .where(sql<boolean>`state = 'waiting'`),
)

const forget = query(({ db }, p: { id: number }) =>
  db.deleteFrom('webhookCalls').where('id', '=', p.id).where(sql<boolean>`state = 'waiting'`),
)

const lastTold = query(({ db }, p: { receiver: string; buildId: number }) =>
  db
    .selectFrom('webhookCalls')
    .select('body')
    .where('receiver', '=', p.receiver)
    .where('buildId', '=', p.buildId)
    .where(sql<boolean>`state = 'sent' and body <> ''`)
    .orderBy('id', 'desc')
    .limit(1),
)

interface Updates {
  readonly id: number
  readonly receiver: string
  readonly event: WebhookEvent['event']
  readonly buildId: number
}

const dropUpdates = query(({ db }, p: Updates) =>
  db
    .deleteFrom('webhookCalls')
    .where('receiver', '=', p.receiver)
    .where('buildId', '=', p.buildId)
    .where('id', '>', p.id)
    .where('event', '=', p.event)
    .where(sql<boolean>`state = 'waiting' and action = 'updated'`)
    .returning('id'),
)

// A new row, for its place is at the end of the line; the old one stays in the record.
const resend = query(({ db, stamp }, p: { id: number }) =>
  db
    .insertInto('webhookCalls')
    .columns([
      ...(['receiver', 'event', 'action', 'repoId', 'buildId', 'body', 'state'] as const),
      ...(['tries', 'status', 'error', 'createdAt', 'endedAt'] as const),
    ])
    .expression(
      db
        .selectFrom('webhookCalls')
        .select([
          ...(['receiver', 'event', 'action', 'repoId', 'buildId', 'body'] as const),
          sql<'waiting'>`'waiting'`.as('state'),
          sql<number>`0`.as('tries'),
          sql<number>`0`.as('status'),
          sql<string>`''`.as('error'),
          stamp.as('createdAt'),
          sql<number>`0`.as('endedAt'),
        ])
        .where('id', '=', p.id)
        .where(sql<boolean>`state = 'failed'`),
    )
    .returning(call.columns),
)

interface Listing {
  readonly state: string
  readonly receiver: string
  readonly offset: number
  readonly limit: number
}

const list = query(({ db }, p: Listing) =>
  db
    .selectFrom('webhookCalls')
    .select(call.columns)
    .where(sql<boolean>`(cast(${p.state} as text) = '' or state = ${p.state})`)
    .where(sql<boolean>`(cast(${p.receiver} as text) = '' or receiver = ${p.receiver})`)
    .orderBy('id', 'desc')
    .limit(p.limit)
    .offset(p.offset),
)

// Commits of each repository have a line of their own: hundreds, which say more together.
const lineOf = sql<string>`case when receiver like 'status:%' then 'status' else receiver end`

const lines = query(({ db }) =>
  db
    .selectFrom('webhookCalls')
    .select([
      lineOf.as('receiver'),
      sql<number>`cast(sum(case when state = 'waiting' then 1 else 0 end) as bigint)`.as('waiting'),
      sql<number>`cast(sum(case when state = 'failed' then 1 else 0 end) as bigint)`.as('failed'),
      sql<number>`cast(sum(case when state = 'sent' then 1 else 0 end) as bigint)`.as('sent'),
      sql<number>`cast(coalesce(min(case when state = 'waiting' then created_at end), 0) as bigint)`.as(
        'oldestAt',
      ),
    ])
    .groupBy(lineOf)
    .orderBy(lineOf),
)

const line = noun<WebhookLine>('webhook line', {
  receiver: text,
  waiting: int,
  failed: int,
  sent: int,
  oldestAt: int,
})

const purgeEnded = query(({ db }, p: { sentBefore: number; failedBefore: number }) =>
  db
    .deleteFrom('webhookCalls')
    .where(
      sql<boolean>`(state = 'sent' and ended_at < ${p.sentBefore}) or (state = 'failed' and ended_at < ${p.failedBefore})`,
    )
    .returning('id'),
)

const purgeStrange = query(
  ({ db, anyText }, p: { waitingBefore: number; receivers: readonly string[] }) =>
    db
      .deleteFrom('webhookCalls')
      .where(
        sql<boolean>`state = 'waiting' and created_at < ${p.waitingBefore} and not (${anyText('receiver', p.receivers)})`,
      )
      .returning('id'),
)

export const webhookCallStore = (session: Session): WebhookCallStore => {
  const one = (rows: readonly unknown[]) => (rows[0] ? call.read(rows[0]) : null)
  return {
    add: async (calls) => {
      if (calls.length > 0) await insert(session, calls)
    },
    next: async (receiver) =>
      call.readAll(await session.read(next, { receiver }), session.log)[0] ?? null,
    listDue: async () => (await session.read(listDue, {})).map((row) => row.receiver),
    claim: async (receiver, holder, leaseMs) =>
      (await session.write(claim, { receiver, holder, leaseMs: Math.round(leaseMs) })).length > 0,
    release: async (receiver, holder, waitMs) => {
      await session.write(release, { receiver, holder, waitMs: Math.round(waitMs) })
    },
    noteTry: async (id, status, error) => {
      await session.write(noteTry, { id, status, error })
    },
    settle: async (id, { state, status, error, body = null }) => {
      await session.write(settle, { id, state, status, error, body })
    },
    forget: async (id) => {
      await session.write(forget, { id })
    },
    dropUpdates: async ({ id, receiver, event, buildId }) =>
      (await session.write(dropUpdates, { id, receiver, event, buildId })).length,
    lastTold: async (receiver, buildId) =>
      (await session.read(lastTold, { receiver, buildId }))[0]?.body ?? '',
    resend: async (id) => one(await session.write(resend, { id })),
    list: async ({ state = '', receiver = '' }, page) =>
      call.readAll(await session.read(list, { state, receiver, ...bounded(page) }), session.log),
    lines: async () => line.readAll(await session.read(lines, {}), session.log),
    purge: async ({ sentBefore, failedBefore, waitingBefore, receivers }) => {
      const ended = await session.write(purgeEnded, { sentBefore, failedBefore })
      const strange = await session.write(purgeStrange, {
        waitingBefore,
        receivers: [...receivers],
      })
      return ended.length + strange.length
    },
  }
}
