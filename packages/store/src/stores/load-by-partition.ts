import type { PartitionLoad } from '@waggle/domain'
import { sql } from 'kysely'
import { query } from '../query.ts'
import type { Session } from '../session.ts'
import { isOfferable } from './offerable-stages.ts'

/** How much waits and runs in each partition (`StageStore.loadByPartition`). It costs in proportion to what waits, but
 *  little: a million stages are some 15,000 pages of an index. */
export const loadByPartition = async (session: Session): Promise<readonly PartitionLoad[]> => {
  const [line, heldBack, running] = await Promise.all([
    session.read(loadOfLine, {}),
    session.read(loadHeldBack, {}),
    session.read(loadRunning, {}),
  ])
  return sumLoads([...line, ...heldBack, ...running])
}

// A literal, so that the planner sees that the partial indexes hold these rows.
const isWaiting = sql<boolean>`status = 'pending' and is_held = false`

// Of the line only the index is read, which holds all of this; of the rest, only what is held back or runs.
const loadOfLine = query(({ db }) =>
  db
    .selectFrom('stages')
    .select([
      'partition',
      sql<number>`count(*)`.as('pending'),
      sql<number>`min(pending_at)`.as('oldest'),
    ])
    .where(isOfferable)
    .groupBy('partition'),
)

const loadHeldBack = query(({ db }) =>
  db
    .selectFrom('stages')
    .select([
      'partition',
      sql<number>`sum(case when ${isWaiting} then 1 else 0 end)`.as('pending'),
      sql<number>`min(case when ${isWaiting} then pending_at end)`.as('oldest'),
    ])
    .where(sql<boolean>`is_limited = true`)
    .groupBy('partition'),
)

// An accepted stage keeps its status until its worker starts it, but it does not wait any more.
const loadRunning = query(({ db }) =>
  db
    .selectFrom('stages')
    .select([
      'partition',
      sql<number>`sum(case when status = 'running' or status = 'pending' and is_held = true then 1 else 0 end)`.as(
        'running',
      ),
    ])
    .where(sql<boolean>`(status = 'running' or is_held = true or place_until > 0)`)
    .groupBy('partition'),
)

interface PartOfLoad {
  readonly partition: string
  readonly pending?: number
  readonly running?: number
  readonly oldest?: number | null
}

const sumLoads = (parts: readonly PartOfLoad[]): readonly PartitionLoad[] =>
  [...Map.groupBy(parts, ({ partition }) => partition)]
    .map(([partition, of]) => {
      const sum = (key: 'pending' | 'running') =>
        of.reduce((total, part) => total + Number(part[key] ?? 0), 0)
      const times = of.flatMap(({ oldest }) => (oldest ? [Number(oldest)] : []))
      const oldestPendingAt = times.length > 0 ? Math.min(...times) : 0
      return { partition, pending: sum('pending'), running: sum('running'), oldestPendingAt }
    })
    .filter(({ pending, running }) => pending + running > 0)
    .toSorted((a, b) => (a.partition < b.partition ? -1 : 1))
