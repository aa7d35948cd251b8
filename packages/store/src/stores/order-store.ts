import { bandWidth, type FarBand, type Flow, type OrderStore, queueNumberOf } from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

// The condition of a partial index, word for word.
const waits = (row: 'stages' | 's' = 'stages') =>
  sql<boolean>`${sql.ref(`${row}.status`)} = 'pending' and ${sql.ref(`${row}.is_held`)} = false and ${sql.ref(`${row}.is_limited`)} = false`

interface BandParams {
  readonly partition: string
  readonly band: number
}

const smallestTag = ({ partition, band }: BandParams): RawBuilder<number> =>
  sql<number>`(select min(start_tag) from stages where partition = ${partition} and band = ${band} and ${waits()})`

const virtualTime = (p: BandParams): RawBuilder<number> =>
  sql<number>`coalesce(${smallestTag(p)}, (select max(finish) from order_flows where partition = ${p.partition} and band = ${p.band}), 0)`

const baseOf = ({ partition, band }: BandParams): RawBuilder<number> =>
  sql<number>`coalesce((select base from order_bases where partition = ${partition} and band = ${band}), 0)`

interface Arrival extends Flow {
  readonly count: number
}

const enqueue = query(({ db, now }, p: Arrival) =>
  db
    .insertInto('orderFlows')
    .values({
      partition: p.partition,
      band: p.band,
      repoId: p.repoId,
      finish: sql<number>`${virtualTime(p)} + cast(${p.count} as bigint)`,
      usedAt: now,
    })
    .onConflict((conflict) =>
      conflict.columns(['partition', 'band', 'repoId']).doUpdateSet({
        // The later of its own finish tag and the virtual time, which the row that was not inserted holds.
        finish: sql<number>`case when order_flows.finish + cast(${p.count} as bigint) > excluded.finish then order_flows.finish + cast(${p.count} as bigint) else excluded.finish end`,
        usedAt: now,
      }),
    )
    .returning(['finish', baseOf(p).as('base')]),
)

const head = query(({ db }, p: BandParams) =>
  db.selectNoFrom([virtualTime(p).as('tag'), baseOf(p).as('base')]),
)

const refund = query(({ db }, p: Flow) =>
  db
    .updateTable('orderFlows')
    .set({
      finish: sql<number>`coalesce((select max(start_tag) + 1 from stages where repo_id = ${p.repoId} and partition = ${p.partition} and band = ${p.band} and ${waits()}), 0)`,
    })
    .where('partition', '=', p.partition)
    .where('band', '=', p.band)
    .where('repoId', '=', p.repoId),
)

const listFar = query(({ db }, p: { distance: number }) =>
  db
    .selectFrom('orderFlows as f')
    .leftJoin('orderBases as b', (join) =>
      join.onRef('b.partition', '=', 'f.partition').onRef('b.band', '=', 'f.band'),
    )
    .select([
      'f.partition',
      'f.band',
      sql<number>`coalesce(b.base, 0)`.as('base'),
      sql<number>`max(f.finish)`.as('finish'),
      sql<
        number | null
      >`(select min(start_tag) from stages where partition = f.partition and band = f.band and ${waits()})`.as(
        'head',
      ),
    ])
    .where(sql<boolean>`f.finish > 1000`)
    .where(sql<boolean>`f.finish - coalesce(b.base, 0) > ${p.distance}`)
    .groupBy(['f.partition', 'f.band', 'b.base']),
)

const setBase = query(({ db }, p: BandParams & { base: number; isMoving: boolean }) =>
  db
    .insertInto('orderBases')
    .values({ partition: p.partition, band: p.band, base: p.base, isMoving: p.isMoving })
    .onConflict((conflict) =>
      conflict.columns(['partition', 'band']).doUpdateSet({ base: p.base, isMoving: p.isMoving }),
    ),
)

const listMoving = query(({ db }) =>
  db
    .selectFrom('orderBases')
    .select(['partition', 'band', 'base'])
    .where(sql<boolean>`is_moving = true`),
)

interface Renumbering extends BandParams {
  readonly base: number
  readonly first: number
  readonly startTag: number
  readonly id: number
  readonly limit: number
}

const numberAnew = (p: Renumbering): RawBuilder<number> =>
  sql<number>`cast(${p.first} as bigint) + case when start_tag - ${p.base} > ${sql.lit(bandWidth - 1)} then ${sql.lit(bandWidth - 1)} when start_tag < ${p.base} then 0 else start_tag - ${p.base} end`

// Far from the head all have the last number, before and after: they are left alone.
const renumber = query(({ db }, p: Renumbering) =>
  db
    .updateTable('stages')
    .set({ queueNumber: numberAnew(p) })
    .where(
      sql<boolean>`id in (select id from stages where partition = ${p.partition} and band = ${p.band} and ${waits()} and (start_tag > ${p.startTag} or (start_tag = ${p.startTag} and id > ${p.id})) and queue_number <> ${numberAnew(p)} order by start_tag, id limit ${p.limit})`,
    )
    .where(waits())
    .returning(['id', 'startTag']),
)

// A band is only looked at where one of its partition is not that of everybody.
const bandsAtWork = query(({ db }) =>
  db
    .selectFrom('orderFlows')
    .select(['partition', 'band'])
    .distinct()
    .where(sql<boolean>`partition in (select partition from order_flows where band <> 0)`),
)

interface Ageing extends BandParams {
  readonly ageingMs: number
  readonly limit: number
}

const listAged = query(({ db, stamp }, p: Ageing) =>
  db
    .selectFrom(
      sql<{
        id: number
        band: number
        priority: number
        pendingAt: number
      }>`(select id, band, priority, pending_at from stages where partition = ${p.partition} and band = ${p.band} and ${waits()} order by start_tag, id limit ${p.limit})`.as(
        's',
      ),
    )
    .select('s.id')
    .where(
      sql<boolean>`s.pending_at <= ${stamp} - cast(${p.ageingMs} as bigint) * (s.band - s.priority + 1)`,
    )
    .where(
      sql<boolean>`exists (select 1 from stages where partition = ${p.partition} and band > ${p.band} and ${waits()})`,
    ),
)

const forgetIdle = query(({ db, stamp }, p: { idleMs: number }) =>
  db
    .deleteFrom('orderFlows')
    .where(sql<boolean>`used_at < ${stamp} - cast(${p.idleMs} as bigint)`)
    .where(
      sql<boolean>`not exists (select 1 from stages where stages.partition = order_flows.partition and ${waits()})`,
    ),
)

const forgetBases = query(({ db }) =>
  db
    .deleteFrom('orderBases')
    .where(
      sql<boolean>`not exists (select 1 from order_flows where order_flows.partition = order_bases.partition)`,
    ),
)

export const orderStore = (session: Session): OrderStore => ({
  enqueue: async (flow, count) => {
    const [row] = (await session.write(enqueue, { ...flow, count })) as readonly Numbers[]
    return { first: Number(row?.['finish']) - count, base: Number(row?.['base']) }
  },
  head: async (partition, band) => {
    const [row] = (await session.read(head, { partition, band })) as readonly Numbers[]
    return { tag: Number(row?.['tag']), base: Number(row?.['base']) }
  },
  refund: async (flow) => {
    await session.write(refund, flow)
  },
  listFar: async (distance) =>
    (await session.read(listFar, { distance })).map(
      (row): FarBand => ({
        partition: row.partition,
        band: Number(row.band),
        base: Number(row.base),
        head: row.head === null ? null : Number(row.head),
        finish: Number(row.finish),
      }),
    ),
  setBase: async (partition, band, base, isMoving) => {
    await session.write(setBase, { partition, band, base, isMoving })
  },
  listMoving: async () => await session.read(listMoving, {}),
  renumber: async ({ partition, band, base }, { startTag, id }, limit) => {
    const first = queueNumberOf(band, 0, 0)
    const place = { partition, band, base, first, startTag, id, limit }
    const rows = (await session.write(renumber, place)) as readonly Numbers[]
    return rows
      .map((row) => ({ id: Number(row['id']), startTag: Number(row['start_tag']) }))
      .toSorted((a, b) => a.startTag - b.startTag || a.id - b.id)
  },
  listAged: async (ageingMs, limit) => {
    const ids: number[] = []
    for (const { partition, band } of await session.read(bandsAtWork, {}))
      for (const { id } of await session.read(listAged, { partition, band, ageingMs, limit }))
        ids.push(Number(id))
    return ids
  },
  forgetIdle: async (idleMs) => {
    await session.write(forgetIdle, { idleMs })
    await session.write(forgetBases, {})
  },
})

type Numbers = Readonly<Record<string, unknown>>
