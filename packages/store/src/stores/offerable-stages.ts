import type { StageStore } from '@waggle/domain'
import { sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'
import { stage } from './stage-noun.ts'

/** A stage that may be offered. A literal, so that the planner sees that the partial indexes hold these rows. */
export const isOfferable = sql<boolean>`status = 'pending' and is_held = false and is_limited = false`

const listOfferable = query(({ db }, p: { afterId: number; limit: number }) =>
  db
    .selectFrom('stages')
    .select(stage.columns)
    .where(isOfferable)
    .where('id', '>', p.afterId)
    .orderBy('id')
    .limit(p.limit),
)

// From one partition to the next by the index: stages that wait in between are not read.
const listOfferableHeads = query(({ db }, p: { limit: number }) =>
  db
    .selectFrom('stages')
    .select(stage.columns)
    .where(
      sql<boolean>`id in (with recursive heads(name) as (
        select (select "partition" from stages where ${isOfferable} order by "partition" limit 1)
        union all
        select (select "partition" from stages where ${isOfferable} and "partition" > heads.name order by "partition" limit 1)
        from heads where heads.name is not null)
      select (select id from stages where ${isOfferable} and "partition" = heads.name order by band, start_tag, id limit 1)
      from heads where heads.name is not null limit cast(${p.limit} as bigint))`,
    ),
)

const listOfferableOf = query(({ db }, p: { partition: string; limit: number }) =>
  db
    .selectFrom('stages')
    .select(stage.columns)
    .where('partition', '=', p.partition)
    .where(isOfferable)
    .where(
      sql<boolean>`band = (select max(band) from stages where "partition" = ${p.partition} and ${isOfferable})`,
    )
    .orderBy('startTag')
    .orderBy('id')
    .limit(p.limit),
)

type Offerable = Pick<StageStore, 'listOfferable' | 'listOfferableHeads' | 'listOfferableOf'>

export const offerableStages = (session: Session): Offerable => {
  const all = (rows: readonly unknown[]) => stage.readAll(rows, session.log)
  return {
    listOfferable: async (afterId, limit) => {
      // A window of unreadable rows alone must not look like the end of the list.
      for (let after = afterId; ; ) {
        const rows = await session.read(listOfferable, { afterId: after, limit })
        const read = all(rows)
        if (read.length > 0 || rows.length < limit || limit < 1) return read
        after = rows.at(-1)?.id ?? after
      }
    },
    listOfferableHeads: async (limit) => all(await session.read(listOfferableHeads, { limit })),
    listOfferableOf: async (partition, limit) =>
      all(await session.read(listOfferableOf, { partition, limit })),
  }
}
