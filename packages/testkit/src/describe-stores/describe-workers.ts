import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newWorker, type OpenDatabase } from './new-rows.ts'

export const describeWorkers = (open: OpenDatabase): void => {
  describe('workers', () => {
    it('registers, and a new boot takes over the row', async () => {
      const given = newWorker()
      const { workers } = open()
      const worker = await workers.register(given)
      expect(worker).toMatchObject({ ...given, isDraining: false })
      expect(worker.lastSeenAt).toBe(worker.registeredAt)
      const reborn = await workers.register({ ...given, bootId: 'second', slots: 5 })
      expect(reborn).toMatchObject({ id: given.id, bootId: 'second', slots: 5 })
      expect(await workers.find(given.id)).toEqual(reborn)
      expect(await workers.find('nobody')).toBeNull()
      expect((await workers.list()).filter((row) => row.id === given.id)).toEqual([reborn])
    })

    it('notes a sign of life of the current boot only', async () => {
      const { id } = await open().workers.register(newWorker({ bootId: 'now' }))
      expect(await open().workers.touch(id, 'now')).toBe(true)
      expect(await open().workers.touch(id, 'before')).toBe(false)
      expect(await open().workers.touch('nobody', 'now')).toBe(false)
    })

    it('finds a name that no other live worker has', async () => {
      const { workers } = open()
      const name = `100%_${randomUUID()}`
      expect(await workers.freeName(name, '')).toBe(name)
      const { id } = await workers.register(newWorker({ name }))
      await workers.register(newWorker({ name: `${name} (2)` }))
      expect(await workers.freeName(name, '')).toBe(`${name} (3)`)
      expect(await workers.freeName(name, id)).toBe(name)
    })
  })
}
