import { isDone, type Step, type StepPatch, type StepStore, stepStatuses } from '@waggle/domain'
import { sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { insertRows } from '../insert-rows.ts'
import { keep, plusOne } from '../keep.ts'
import { flag, int, noun, text, textList, word } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const step = noun<Step>('step', {
  id: int,
  stageId: int,
  number: int,
  name: text,
  status: word(stepStatuses),
  error: text,
  errIgnore: flag,
  exitCode: int,
  image: text,
  detached: flag,
  dependsOn: textList,
  grantedTry: int,
  startedAt: int,
  stoppedAt: int,
  schema: text,
  version: int,
})

const patchable = [
  'status',
  'error',
  'exitCode',
  'grantedTry',
  'startedAt',
  'stoppedAt',
  'schema',
] as const satisfies readonly (keyof StepPatch)[]

const find = query(({ db }, p: { id: number }) =>
  db.selectFrom('steps').select(step.columns).where('id', '=', p.id),
)

const listByStage = query(({ db }, p: { stageId: number }) =>
  db.selectFrom('steps').select(step.columns).where('stageId', '=', p.stageId).orderBy('number'),
)

const listByStages = query(({ db, anyInt }, p: { stageIds: readonly number[] }) =>
  db
    .selectFrom('steps')
    .select(step.columns)
    .where(anyInt('stageId', p.stageIds))
    .orderBy('stageId')
    .orderBy('number'),
)

const findByNumber = query(({ db }, p: { stageId: number; number: number }) =>
  db
    .selectFrom('steps')
    .select(step.columns)
    .where('stageId', '=', p.stageId)
    .where('number', '=', p.number),
)

const insert = insertRows<Record<string, unknown>>(
  'steps',
  step.columns.filter((column) => column !== 'id' && column !== 'schema'),
  step.columns,
  'step_exists',
)

interface Change extends StepPatch {
  readonly id: number
  readonly from: readonly string[] | null
}

const updating = ({ db, anyText, isAbsent }: Dialect, p: Change) =>
  db
    .updateTable('steps')
    .set({ ...keep(p, patchable), version: plusOne('version') })
    .where('id', '=', p.id)
    .where((eb) => eb.or([isAbsent(p.from, 'text[]'), anyText('status', p.from ?? [])]))

const update = query((dialect, p: Change) => updating(dialect, p).returning(step.columns))
const change = query(updating)

const openStatuses = stepStatuses.filter((status) => !isDone(status))

interface Closing {
  readonly stageIds: readonly number[]
  readonly open: readonly string[]
  readonly ifStarted: string
  readonly ifNot: string
  readonly exitCode: number
  readonly nowMs: number
}

const closeOpen = query(({ db, anyInt, anyText }, p: Closing) => {
  const nowMs = sql<number>`cast(${p.nowMs} as bigint)`
  return db
    .updateTable('steps')
    .set({
      status: sql`case when started_at = 0 then cast(${p.ifNot} as text) else cast(${p.ifStarted} as text) end`,
      startedAt: sql`case when started_at = 0 then ${nowMs} else started_at end`,
      stoppedAt: sql`case when started_at > ${nowMs} then started_at else ${nowMs} end`,
      exitCode: p.exitCode,
      version: plusOne('version'),
    } as never)
    .where(anyInt('stageId', p.stageIds))
    .where(anyText('status', p.open))
})

const resetByStage = query(({ db }, p: { stageId: number }) =>
  db
    .updateTable('steps')
    .set({
      status: 'pending',
      error: '',
      exitCode: 0,
      grantedTry: 0,
      startedAt: 0,
      stoppedAt: 0,
      version: plusOne('version'),
    })
    .where('stageId', '=', p.stageId),
)

const deleteByStage = query(({ db }, p: { stageId: number }) =>
  db.deleteFrom('steps').where('stageId', '=', p.stageId),
)

export const stepStore = (session: Session): StepStore => {
  const one = (rows: readonly unknown[]): Step | null => (rows[0] ? step.read(rows[0]) : null)
  const all = (rows: readonly unknown[]): readonly Step[] => step.readAll(rows, session.log)
  return {
    find: async (id) => one(await session.read(find, { id })),
    listByStage: async (stageId) => all(await session.read(listByStage, { stageId })),
    listByStages: async (stageIds) =>
      stageIds.length === 0
        ? []
        : all(await session.read(listByStages, { stageIds: [...stageIds] })),
    findByNumber: async (stageId, number) =>
      one(await session.read(findByNumber, { stageId, number })),
    create: async (steps) => {
      const rows = steps.map((given) => ({ ...step.write(given), version: 1 }))
      return (await insert(session, rows)).map(step.read)
    },
    update: async (id, patch, from) =>
      one(await session.write(update, { ...step.write(patch), id, from: from ? [...from] : null })),
    change: async (id, patch, from) => {
      const given = { ...step.write(patch), id, from: from ? [...from] : null }
      return (await session.change(change, given)) > 0
    },
    closeOpen: async (stageIds, end) => {
      if (stageIds.length > 0)
        await session.write(closeOpen, { ...end, stageIds: [...stageIds], open: openStatuses })
    },
    resetByStage: async (stageId) => {
      await session.write(resetByStage, { stageId })
    },
    deleteByStage: async (stageId) => {
      await session.write(deleteByStage, { stageId })
    },
  }
}
