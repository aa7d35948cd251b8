import {
  type LimitNeighbour,
  type LimitStore,
  type LimitsOf,
  type StageStore,
  stageStatuses,
} from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { flag, int, noun, text, word } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const neighbour = noun<LimitNeighbour>('stage', {
  id: int,
  buildId: int,
  number: int,
  name: text,
  status: word(stageStatuses),
  isHeld: flag,
  isLimited: flag,
  limit: int,
  throttle: int,
  keepsPlace: flag,
})

const columns = neighbour.columns.filter((column) => column !== 'keepsPlace')

// The conditions of partial indexes, word for word.
const isIndexed = sql<boolean>`(status in ('pending', 'running') or is_held = true or place_until > 0)`
const isIndexedActive = sql<boolean>`(status = 'running' or is_held = true or place_until > 0)`
const isHeldBack = sql<boolean>`is_limited = true`

// A place that is over does not count, whether or not somebody came by to take it away.
const counts = (now: RawBuilder<number>) =>
  sql<boolean>`(status in ('pending', 'running') or is_held = true or place_until > ${now})`
const isActive = (now: RawBuilder<number>) =>
  sql<boolean>`(status = 'running' or is_held = true or place_until > ${now})`

const read = ({ db, stamp }: Dialect) =>
  db
    .selectFrom('stages')
    .select([...columns, sql<boolean>`place_until > ${stamp}`.as('keepsPlace')] as never)

const counted = (dialect: Dialect) => read(dialect).where(isIndexed).where(counts(dialect.stamp))

const active = (dialect: Dialect) =>
  read(dialect).where(isIndexedActive).where(isActive(dialect.stamp))

const open = query(({ db }, p: { repoId: number }) =>
  db
    .insertInto('limitedRepos')
    .values({ repoId: p.repoId })
    .onConflict((conflict) => conflict.column('repoId').doNothing()),
)

const locked = ({ db, hasRowLocks }: Dialect, repoId: RawBuilder<number>) =>
  db
    .selectFrom('limitedRepos')
    .select('repoId')
    .where('repoId', '=', repoId)
    .$if(hasRowLocks, (rows) => rows.forNoKeyUpdate())

const lockRepo = query((dialect, p: { repoId: number }) => locked(dialect, sql`${p.repoId}`))
const lockBuild = query((dialect, p: { buildId: number }) =>
  locked(dialect, sql`(select repo_id from builds where id = ${p.buildId})`),
)
const lockStage = query((dialect, p: { stageId: number }) =>
  locked(dialect, sql`(select repo_id from stages where id = ${p.stageId})`),
)

interface Beside {
  readonly repoId: number
  readonly name: string
  readonly id: number
  readonly most: number
}

const elders = query((dialect, p: Beside) =>
  counted(dialect)
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name)
    .where('id', '<', p.id)
    .orderBy('id')
    .limit(p.most),
)

const youngerActive = query((dialect, p: Beside) =>
  active(dialect)
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name)
    .where('id', '>', p.id)
    .orderBy('id')
    .limit(p.most),
)

const eldersOfAll = query((dialect, p: Omit<Beside, 'name'>) =>
  counted(dialect)
    .where('repoId', '=', p.repoId)
    .where('id', '<', p.id)
    .orderBy('id')
    .limit(p.most),
)

interface Some {
  readonly repoId: number
  readonly name: string
  readonly most: number
}

const listOfName = query((dialect, p: Some) =>
  counted(dialect)
    .where('repoId', '=', p.repoId)
    .where('name', '=', p.name)
    .orderBy('id')
    .limit(p.most),
)

const listOfAll = query((dialect, p: Omit<Some, 'name'>) =>
  counted(dialect).where('repoId', '=', p.repoId).orderBy('id').limit(p.most),
)

const activeOfName = query((dialect, p: Omit<Some, 'most'>) =>
  active(dialect).where('repoId', '=', p.repoId).where('name', '=', p.name).orderBy('id'),
)

const activeOfAll = query((dialect, p: { repoId: number }) =>
  active(dialect).where('repoId', '=', p.repoId).orderBy('id'),
)

const mostOfHeld = query(({ db }, p: { repoId: number; name: string }) =>
  db.selectNoFrom([
    sql<number>`coalesce((select max("limit") from stages where repo_id = ${p.repoId} and name = ${p.name} and ${isHeldBack}), 0)`.as(
      'limit',
    ),
    sql<number>`coalesce((select max(throttle) from stages where repo_id = ${p.repoId} and ${isHeldBack}), 0)`.as(
      'throttle',
    ),
  ]),
)

const listHeld = query(({ db }, p: { afterId: number; limit: number }) =>
  db
    .selectFrom('stages')
    .select('id')
    .where(isHeldBack)
    .where('id', '>', p.afterId)
    .orderBy('id')
    .limit(p.limit),
)

const listOverdue = query(({ db, stamp }, p: { limit: number }) =>
  db
    .selectFrom('stages')
    .select('id')
    .where(sql<boolean>`place_until > 0`)
    .where(sql<boolean>`place_until <= ${stamp}`)
    .orderBy('placeUntil')
    .limit(p.limit),
)

const listLostWith = query(({ db }, p: { workerId: string }) =>
  db
    .selectFrom('stages')
    .select('id')
    .where(sql<boolean>`place_until > 0`)
    .where(
      sql<boolean>`exists (select 1 from attempts where stage_id = stages.id and number = stages.attempt and worker_id = ${p.workerId})`,
    )
    .orderBy('id'),
)

export const limitStore = (session: Session, stages: Pick<StageStore, 'findMany'>): LimitStore => {
  const all = (rows: readonly unknown[]) => neighbour.readAll(rows, session.log)
  const stagesOf = async (rows: readonly unknown[]) =>
    (await stages.findMany(rows.map((row) => Number((row as { id: unknown }).id)))).toSorted(
      (a, b) => a.id - b.id,
    )
  return {
    open: async (repoId) => {
      await session.write(open, { repoId })
    },
    lock: async (of) => {
      const [row] = (await lockRows(session, of)) as readonly { repo_id?: unknown }[]
      return row ? Number(row.repo_id) : null
    },
    neighbours: async ({ id, repoId, name, throttle }, most) => {
      const found = await Promise.all([
        session.read(elders, { id, repoId, name, most }),
        session.read(youngerActive, { id, repoId, name, most }),
        throttle > 0 ? session.read(eldersOfAll, { id, repoId, most }) : [],
      ])
      return [...new Map(all(found.flat()).map((stage) => [stage.id, stage])).values()]
    },
    list: async (repoId, name, most) =>
      all(
        name === null
          ? await session.read(listOfAll, { repoId, most })
          : await session.read(listOfName, { repoId, name, most }),
      ),
    listActive: async (repoId, name) =>
      all(
        name === null
          ? await session.read(activeOfAll, { repoId })
          : await session.read(activeOfName, { repoId, name }),
      ),
    mostOfHeld: async (repoId, name) => {
      const [row] = await session.read(mostOfHeld, { repoId, name })
      return { limit: Number(row?.limit ?? 0), throttle: Number(row?.throttle ?? 0) }
    },
    listHeld: async (afterId, limit) => stagesOf(await session.read(listHeld, { afterId, limit })),
    listOverdue: async (limit) => stagesOf(await session.read(listOverdue, { limit })),
    listLostWith: async (workerId) => stagesOf(await session.read(listLostWith, { workerId })),
  }
}

const lockRows = (session: Session, of: LimitsOf): Promise<readonly unknown[]> => {
  if ('repoId' in of) return session.read(lockRepo, { repoId: of.repoId })
  if ('buildId' in of) return session.read(lockBuild, { buildId: of.buildId })
  return session.read(lockStage, { stageId: of.stageId })
}
