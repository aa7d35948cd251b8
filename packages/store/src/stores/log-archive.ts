import type { LogArchive, LogKey, LogSeal, LogSegment } from '@waggle/domain'
import { type RawBuilder, sql } from 'kysely'
import { asBuffer, int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const segment = noun<LogSegment>('log segment', {
  first: int,
  count: int,
  bytes: int,
  data: { read: asBuffer, write: (value) => value },
})

const seal = noun<LogSeal>('log seal', { lines: int, bytes: int, crc32: int, gap: text })

const key = noun<LogKey>('log key', { stageId: int, attempt: int, step: int, try: int })

type Of<T> = LogKey & T

const ofKey = (p: LogKey): RawBuilder<boolean> =>
  sql<boolean>`stage_id = ${p.stageId} and attempt = ${p.attempt} and step = ${p.step} and "try" = ${p.try}`

const endOf = (p: LogKey): RawBuilder<number> =>
  sql<number>`coalesce((select first + count from log_segments where ${ofKey(p)} order by first desc limit 1), 0)`

// One statement, so that of two appends of one segment one wins; a sealed log takes nothing more.
const append = query(({ db }, p: Of<{ stepId: number } & LogSegment>) =>
  db
    .insertInto('logSegments')
    .columns(['stepId', 'stageId', 'attempt', 'step', 'try', 'first', 'count', 'bytes', 'data'])
    .expression(
      db
        .selectNoFrom([
          int8(p.stepId).as('a'),
          int8(p.stageId).as('b'),
          int8(p.attempt).as('c'),
          int8(p.step).as('d'),
          int8(p.try).as('e'),
          int8(p.first).as('f'),
          int8(p.count).as('g'),
          int8(p.bytes).as('h'),
          sql<Uint8Array>`${p.data}`.as('i'),
        ])
        .where(sql<boolean>`${endOf(p)} = ${int8(p.first)}`)
        .where(sql<boolean>`not exists (select 1 from log_seals where ${ofKey(p)})`),
    )
    .onConflict((conflict) =>
      conflict.columns(['stageId', 'attempt', 'step', 'try', 'first']).doNothing(),
    )
    .returning(sql<number>`first + count`.as('next')),
)

const int8 = (value: number): RawBuilder<number> => sql<number>`cast(${value} as bigint)`

const next = query(({ db }, p: LogKey) => db.selectNoFrom(endOf(p).as('next')))

const addSeal = query(({ db }, p: Of<{ stepId: number } & LogSeal>) =>
  db
    .insertInto('logSeals')
    .values({
      stepId: p.stepId,
      stageId: p.stageId,
      attempt: p.attempt,
      step: p.step,
      try: p.try,
      lines: p.lines,
      bytes: p.bytes,
      crc32: p.crc32,
      gap: p.gap,
    })
    .onConflict((conflict) => conflict.columns(['stageId', 'attempt', 'step', 'try']).doNothing()),
)

const findSeal = query(({ db }, p: LogKey) =>
  db.selectFrom('logSeals').select(seal.columns).where(ofKey(p)),
)

const findLatest = query(({ db }, p: { stepId: number }) =>
  db
    .selectFrom((from) =>
      from
        .selectFrom('logSegments')
        .select(key.columns)
        .where('stepId', '=', p.stepId)
        .union(from.selectFrom('logSeals').select(key.columns).where('stepId', '=', p.stepId))
        .as('logs'),
    )
    .select(key.columns)
    .orderBy('attempt', 'desc')
    .orderBy('try', 'desc')
    .limit(1),
)

const readSegment = query(({ db }, p: Of<{ from: number }>) =>
  db
    .selectFrom('logSegments')
    .select(segment.columns)
    .where(ofKey(p))
    .where(
      sql<boolean>`first >= coalesce((select max(first) from log_segments where ${ofKey(p)} and first <= ${int8(p.from)}), 0)`,
    )
    .where(sql<boolean>`first + count > ${int8(p.from)}`)
    .orderBy('first')
    .limit(1),
)

const deleteSegments = query(({ db }, p: { stepId: number }) =>
  db.deleteFrom('logSegments').where('stepId', '=', p.stepId),
)

const deleteSeals = query(({ db }, p: { stepId: number }) =>
  db.deleteFrom('logSeals').where('stepId', '=', p.stepId),
)

export const logArchive = (session: Session): LogArchive => {
  const nextOf = async (of: LogKey): Promise<number> => (await session.read(next, of))[0]?.next ?? 0
  const sealOf = async (of: LogKey): Promise<LogSeal | null> => {
    const [row] = await session.read(findSeal, of)
    return row ? seal.read(row) : null
  }
  return {
    append: async (of, stepId, given) => {
      if (given.count <= 0) return nextOf(of)
      const [row] = await session.write(append, { ...of, stepId, ...given })
      return row ? row.next : nextOf(of)
    },
    next: nextOf,
    seal: async (of, stepId, given) => {
      const added = await session.change(addSeal, { ...of, stepId, ...given })
      return added > 0 ? given : ((await sealOf(of)) ?? given)
    },
    findSeal: sealOf,
    findLatest: async (stepId) => {
      const [row] = await session.read(findLatest, { stepId })
      return row ? key.read(row) : null
    },
    read: async function* (of, from) {
      // One segment at a time: it may hold several megabytes.
      for (let line = Math.max(0, from); ; ) {
        const [row] = await session.read(readSegment, { ...of, from: line })
        if (!row) return
        const found = segment.read(row)
        yield found
        line = found.first + found.count
      }
    },
    deleteByStep: async (stepId) => {
      await session.write(deleteSegments, { stepId })
      await session.write(deleteSeals, { stepId })
    },
  }
}
