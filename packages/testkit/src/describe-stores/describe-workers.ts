import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newAttempt, newWorker, type OpenDatabase, seedStage } from './new-rows.ts'

export const describeWorkers = (open: OpenDatabase): void => {
  describe('workers', () => {
    it('registers, and a new boot takes over the row', async () => {
      const given = newWorker()
      const { workers } = open()
      const worker = await workers.register(given)
      expect(worker).toMatchObject({ ...given, isDraining: false, drainedAt: 0, drainedBy: '' })
      expect(worker.lastSeenAt).toBe(worker.registeredAt)
      const reborn = await workers.register({ ...given, bootId: 'second', slots: 5 })
      expect(reborn).toMatchObject({ id: given.id, bootId: 'second', slots: 5 })
      expect(await workers.find(given.id)).toEqual(reborn)
      expect(await workers.find('nobody')).toBeNull()
      expect((await workers.list()).filter((row) => row.id === given.id)).toEqual([reborn])
    })

    it('notes a sign of life of the current boot only', async () => {
      const { id } = await open().workers.register(newWorker({ bootId: 'now' }))
      expect(await open().workers.touch(id, 'now')).toEqual({ isDraining: false })
      expect(await open().workers.touch(id, 'before')).toBeNull()
      expect(await open().workers.touch('nobody', 'now')).toBeNull()
    })

    it('keeps who drained it first, through new boots, until it takes stages again', async () => {
      const { workers } = open()
      const given = newWorker({ bootId: 'now' })
      await workers.register(given)
      const drained = await workers.drain(given.id, 'ann')
      expect(drained).toMatchObject({ isDraining: true, drainedBy: 'ann' })
      expect(drained?.drainedAt).toBeGreaterThan(0)
      expect(await workers.drain(given.id, 'bob')).toEqual(drained)
      expect(await workers.touch(given.id, 'now')).toEqual({ isDraining: true })
      const reborn = await workers.register({ ...given, bootId: 'second' })
      expect(reborn).toMatchObject({ isDraining: true, drainedBy: 'ann' })
      const resumed = { isDraining: false, drainedAt: 0, drainedBy: '' }
      expect(await workers.drain(given.id, null)).toMatchObject(resumed)
      expect(await workers.drain('nobody', 'ann')).toBeNull()
      expect(await workers.drain('nobody', null)).toBeNull()
    })

    it('forgets one that is silent and holds nothing', async () => {
      const { workers, attempts } = open()
      const { id } = await workers.register(newWorker())
      const silent = await workers.register(newWorker())
      const stage = await seedStage(open())
      await attempts.create(newAttempt(stage, { workerId: silent.id }))
      expect((await attempts.countOpenByWorker()).get(silent.id)).toBe(1)
      expect((await attempts.countOpenByWorker()).get(id)).toBeUndefined()
      // The clock is the database's: what was seen this moment is silent for no time at all.
      expect(await workers.deleteSilent(id, 60_000)).toBe(false)
      expect(await workers.deleteSilent(silent.id, -1_000)).toBe(false)
      expect(await workers.deleteSilent(id, -1_000)).toBe(true)
      expect(await workers.find(id)).toBeNull()
      expect(await workers.deleteSilent(id, -1_000)).toBe(false)
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
