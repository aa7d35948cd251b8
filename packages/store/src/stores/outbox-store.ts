import type { OutboxMessage, OutboxRow, OutboxStore } from '@waggle/domain'
import { insertRows } from '../insert-rows.ts'
import { int, noun, record } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

const row = noun<OutboxRow>('outbox message', {
  id: int,
  message: record<OutboxMessage>(
    (value) =>
      typeof value['stageId'] === 'number' &&
      typeof value['attempt'] === 'number' &&
      (value['kind'] === 'offer' ||
        value['kind'] === 'orphan_logs' ||
        (value['kind'] === 'dropped_logs' && Array.isArray(value['logs'])) ||
        (value['kind'] === 'withdraw' && typeof value['partition'] === 'string') ||
        (value['kind'] === 'cancel' && typeof value['workerId'] === 'string')),
  ),
  createdAt: int,
})

const insert = insertRows<Record<string, unknown>>(
  'outbox',
  ['message'],
  row.columns,
  'row_exists',
  ({ stamp }) => ({ createdAt: stamp }),
)

const list = query(({ db }, p: { afterId: number; limit: number }) =>
  db
    .selectFrom('outbox')
    .select(row.columns)
    .where('id', '>', p.afterId)
    .orderBy('id')
    .limit(p.limit),
)

const remove = query(({ db, anyInt }, p: { ids: readonly number[] }) =>
  db.deleteFrom('outbox').where(anyInt('id', p.ids)),
)

export const outboxStore = (session: Session): OutboxStore => ({
  add: async (messages) => {
    const rows = messages.map((message) => ({ message: JSON.stringify(message) }))
    return (await insert(session, rows)).map(row.read)
  },
  list: async (limit) => {
    // A window of unreadable rows alone must not hide what waits behind it.
    for (let afterId = 0; ; ) {
      const rows = await session.read(list, { afterId, limit })
      const read = row.readAll(rows, session.log)
      if (read.length > 0 || rows.length < limit || limit < 1) return read
      afterId = rows.at(-1)?.id ?? afterId
    }
  },
  delete: async (ids) => {
    if (ids.length > 0) await session.write(remove, { ids: [...ids] })
  },
})
