import { type Step, type StepPatch, type StepStore, stepStatuses } from '@waggle/domain'
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
  version: int,
})

const patchable = [
  'status',
  'error',
  'exitCode',
  'grantedTry',
  'startedAt',
  'stoppedAt',
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
  step.columns.filter((column) => column !== 'id'),
  step.columns,
  'step_exists',
)

const update = query(
  ({ db, anyText, isAbsent }, p: StepPatch & { id: number; from: readonly string[] | null }) =>
    db
      .updateTable('steps')
      .set({ ...keep(p, patchable), version: plusOne('version') })
      .where('id', '=', p.id)
      .where((eb) => eb.or([isAbsent(p.from, 'text[]'), anyText('status', p.from ?? [])]))
      .returning(step.columns),
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
    deleteByStage: async (stageId) => {
      await session.write(deleteByStage, { stageId })
    },
  }
}
