import type { NewWorker, WorkerRecord, WorkerStore } from '@waggle/domain'
import { sql } from 'kysely'
import { pick } from '../keep.ts'
import { flag, int, noun, text, textMap, word } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const worker = noun<WorkerRecord>('worker', {
  id: text,
  bootId: text,
  name: text,
  version: text,
  slots: int,
  tokenHash: text,
  isDraining: flag,
  drainedAt: int,
  drainedBy: text,
  kind: text,
  type: text,
  os: text,
  arch: text,
  variant: text,
  kernel: text,
  labels: textMap,
  labelMatch: word(['equal', 'subset']),
  registeredAt: int,
  lastSeenAt: int,
})

// A name is only a label, so this need not follow the scaled timers: the unscaled T_lost of reliability.md §0.2.
const nameHeldMs = 90_000

const computed = ['isDraining', 'drainedAt', 'drainedBy', 'registeredAt', 'lastSeenAt']
const given = worker.columns.filter((column) => !computed.includes(column)) as (keyof NewWorker)[]

const find = query(({ db }, p: { id: string }) =>
  db.selectFrom('workers').select(worker.columns).where('id', '=', p.id),
)

const list = query(({ db }) =>
  db.selectFrom('workers').select(worker.columns).orderBy('name').orderBy('id'),
)

const register = query(({ db, stamp }, p: Record<string, never>) => {
  const fields = pick(p, given)
  const fresh = { registeredAt: stamp, lastSeenAt: stamp }
  return db
    .insertInto('workers')
    .values({ ...fields, ...fresh, isDraining: false, drainedAt: 0, drainedBy: '' })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...fields, ...fresh }))
    .returning(worker.columns)
})

const touch = query(({ db, now }, p: { id: string; bootId: string }) =>
  db
    .updateTable('workers')
    .set({ lastSeenAt: now })
    .where('id', '=', p.id)
    .where('bootId', '=', p.bootId)
    .returning('isDraining as draining'),
)

// Asked again, the first who asked stays.
const drain = query(({ db, now }, p: { id: string; by: string }) =>
  db
    .updateTable('workers')
    .set({
      isDraining: true,
      drainedAt: sql<number>`case when is_draining = true then drained_at else ${now} end`,
      drainedBy: sql<string>`case when is_draining = true then drained_by else ${p.by} end`,
    })
    .where('id', '=', p.id)
    .returning(worker.columns),
)

const resume = query(({ db }, p: { id: string }) =>
  db
    .updateTable('workers')
    .set({ isDraining: false, drainedAt: 0, drainedBy: '' })
    .where('id', '=', p.id)
    .returning(worker.columns),
)

const deleteSilent = query(({ db, now }, p: { id: string; silentMs: number }) =>
  db
    .deleteFrom('workers')
    .where('id', '=', p.id)
    .where(sql<boolean>`last_seen_at < ${now} - cast(${p.silentMs} as bigint)`)
    .where(
      sql<boolean>`not exists (select 1 from attempts where worker_id = ${p.id} and state <> 'ended')`,
    )
    .returning('id'),
)

const namesLike = query(({ db, now }, p: { name: string; exceptId: string }) =>
  db
    .selectFrom('workers')
    .select('name')
    .where('id', '<>', p.exceptId)
    .where(sql<boolean>`last_seen_at > ${now} - ${sql.lit(nameHeldMs)}`)
    .where(
      sql<boolean>`substr(name, 1, length(cast(${p.name} as text))) = cast(${p.name} as text)`,
    ),
)

export const workerStore = (session: Session): WorkerStore => ({
  find: async (id) => {
    const [row] = await session.read(find, { id })
    return row ? worker.read(row) : null
  },
  list: async () => worker.readAll(await session.read(list, {}), session.log),
  register: async (given) => worker.read((await session.write(register, worker.write(given)))[0]),
  touch: async (id, bootId) => {
    const [row] = await session.write(touch, { id, bootId })
    return row ? { isDraining: flag.read(row.draining) } : null
  },
  drain: async (id, by) => {
    const rows = await (by === null
      ? session.write(resume, { id })
      : session.write(drain, { id, by }))
    return rows[0] ? worker.read(rows[0]) : null
  },
  deleteSilent: async (id, silentMs) =>
    (await session.write(deleteSilent, { id, silentMs })).length > 0,
  freeName: async (name, exceptId) => {
    const rows = await session.read(namesLike, { name, exceptId })
    const held = new Set(rows.map((row) => row.name))
    let free = name
    for (let number = 2; held.has(free); number++) free = `${name} (${number})`
    return free
  },
})
