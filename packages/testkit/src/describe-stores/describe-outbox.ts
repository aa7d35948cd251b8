import type { OutboxMessage } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from './new-rows.ts'

export const describeOutbox = (open: OpenDatabase): void => {
  describe('outbox', () => {
    const messages: readonly OutboxMessage[] = [
      { kind: 'offer', stageId: 1, attempt: 1 },
      { kind: 'withdraw', stageId: 2, attempt: 3, partition: 'p/ä' },
      { kind: 'cancel', stageId: 4, attempt: 5, workerId: 'w' },
      { kind: 'orphan_logs', stageId: 6, attempt: 7 },
      { kind: 'dropped_logs', stageId: 8, attempt: 9, logs: [{ step: 1, try: 1 }] },
    ]

    it('gives messages in the order they were added, until they are deleted', async () => {
      const rows = await open().outbox.add(messages)
      expect(rows.map((row) => row.message)).toEqual(messages)
      const listed = await open().outbox.list(10_000)
      expect(listed.slice(-messages.length)).toEqual(rows)
      expect(await open().outbox.list(1)).toEqual(listed.slice(0, 1))
      await open().outbox.delete(listed.map((row) => row.id))
      await open().outbox.delete([])
      expect(await open().outbox.list(10)).toEqual([])
      expect(await open().outbox.add([])).toEqual([])
    })

    it('holds nothing of a transaction that failed', async () => {
      const failing = open().transaction(async (stores) => {
        await stores.outbox.add(messages)
        throw new Error('not promised')
      })
      await expect(failing).rejects.toThrow('not promised')
      expect(await open().outbox.list(10)).toEqual([])
    })
  })
}
