import type { Delivery, DeliveryStore } from '@waggle/domain'
import { int, noun, text } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const delivery = noun<Delivery>('delivery', {
  id: int,
  repoId: int,
  key: text,
  buildId: int,
  reason: text,
  createdAt: int,
})

interface Key {
  readonly repoId: number
  readonly key: string
}

const findByKey = query(({ db }, p: Key) =>
  db
    .selectFrom('deliveries')
    .select(delivery.columns)
    .where('repoId', '=', p.repoId)
    .where('key', '=', p.key),
)

// One that built nothing may be tried again. On PostgreSQL a second claim of the same key waits here until the
// first one's transaction has ended, and then sees whether it built.
const claim = query(({ db, now }, p: Key) =>
  db
    .insertInto('deliveries')
    .values({ repoId: p.repoId, key: p.key, buildId: 0, reason: '', createdAt: now } as never)
    .onConflict((conflict) =>
      conflict
        .columns(['repoId', 'key'])
        .doUpdateSet({ reason: '', createdAt: now })
        .where('deliveries.buildId', '=', 0),
    )
    .returning('id'),
)

const settle = query(({ db }, p: Key & { buildId: number; reason: string }) =>
  db
    .updateTable('deliveries')
    .set({ buildId: p.buildId, reason: p.reason })
    .where('repoId', '=', p.repoId)
    .where('key', '=', p.key),
)

export const deliveryStore = (session: Session): DeliveryStore => ({
  findByKey: async (repoId, key) => {
    const [row] = await session.read(findByKey, { repoId, key })
    return row ? delivery.read(row) : null
  },
  claim: async (repoId, key) => (await session.write(claim, { repoId, key })).length > 0,
  settle: async (repoId, key, buildId, reason) => {
    await session.write(settle, { repoId, key, buildId, reason })
  },
})
