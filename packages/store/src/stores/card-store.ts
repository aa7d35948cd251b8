import type { CardStore } from '@waggle/domain'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const find = query(({ db }, p: { stepId: number }) =>
  db.selectFrom('cards').select('data').where('stepId', '=', p.stepId),
)

const put = query(({ db }, p: { stepId: number; data: string }) =>
  db
    .insertInto('cards')
    .values({ stepId: p.stepId, data: p.data })
    .onConflict((conflict) => conflict.column('stepId').doUpdateSet({ data: p.data })),
)

const remove = query(({ db }, p: { stepId: number }) =>
  db.deleteFrom('cards').where('stepId', '=', p.stepId).returning('stepId'),
)

export const cardStore = (session: Session): CardStore => ({
  find: async (stepId) => (await session.read(find, { stepId }))[0]?.data ?? null,
  put: async (stepId, data) => {
    await session.write(put, { stepId, data })
  },
  delete: async (stepId) => (await session.write(remove, { stepId })).length > 0,
})
