import type { SettingStore, TickStore } from '@waggle/domain'
import { sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

// Also won when it is due later than its interval allows: then the clock was set back, and waiting for it could
// take days.
const win = query(({ db, now }, p: { name: string; intervalMs: number }) => {
  const interval = sql<number>`cast(${p.intervalMs} as bigint)`
  return db
    .insertInto('ticks')
    .values({ name: p.name, dueAt: sql<number>`${now} + ${interval}`, lateMs: 0 })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({
          lateMs: sql<number>`case when ticks.due_at <= ${now} then ${now} - ticks.due_at else 0 end`,
          dueAt: sql<number>`${now} + ${interval}`,
        })
        .where(sql<boolean>`ticks.due_at <= ${now} or ticks.due_at > ${now} + ${interval}`),
    )
    .returning('lateMs')
})

const hold = query(({ db, now }, p: { name: string; intervalMs: number }) =>
  db
    .updateTable('ticks')
    .set({ dueAt: sql<number>`${now} + cast(${p.intervalMs} as bigint)` })
    .where('name', '=', p.name),
)

const dueAt = query(({ db }, p: { name: string }) =>
  db.selectFrom('ticks').select('dueAt as due').where('name', '=', p.name),
)

export const tickStore = (session: Session): TickStore => ({
  win: async (name, intervalMs) => {
    const [row] = await session.write(win, { name, intervalMs: Math.round(intervalMs) })
    return row ? { lateMs: (row as unknown as { late_ms: number }).late_ms } : null
  },
  hold: async (name, intervalMs) => {
    await session.write(hold, { name, intervalMs: Math.round(intervalMs) })
  },
  dueAt: async (name) => Number((await session.read(dueAt, { name }))[0]?.due ?? 0),
})

const get = query(({ db }, p: { name: string }) =>
  db.selectFrom('settings').select('value').where('name', '=', p.name),
)

const set = query(({ db }, p: { name: string; value: string }) =>
  db
    .insertInto('settings')
    .values({ name: p.name, value: p.value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: p.value })),
)

const init = query(({ db }, p: { name: string; value: string }) =>
  db
    .insertInto('settings')
    .values({ name: p.name, value: p.value })
    .onConflict((conflict) => conflict.column('name').doNothing()),
)

export const settingStore = (session: Session): SettingStore => ({
  get: async (name) => (await session.read(get, { name }))[0]?.value ?? null,
  set: async (name, value) => {
    await session.write(set, { name, value })
  },
  init: async (name, value) => {
    await session.write(init, { name, value })
    return (await session.read(get, { name }))[0]?.value ?? value
  },
})
