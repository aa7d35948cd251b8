import { randomUUID } from 'node:crypto'
import type { NewCron } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { first, type OpenDatabase, seedRepo } from './new-rows.ts'

export const describeCrons = (open: OpenDatabase): void => {
  describe('crons', () => {
    const seedCron = async (known: Partial<NewCron> = {}) => {
      const { id } = await seedRepo(open())
      const cron = { name: randomUUID(), expr: '@daily', timeZone: '', branch: 'main', target: '' }
      return open().crons.create({ repoId: id, disabled: false, nextAt: 0, ...cron, ...known })
    }
    const dueIds = async (stuckMs = 60_000) =>
      (await open().crons.listDue(stuckMs, 1_000)).map(({ id }) => id)

    it('are kept by name in their repository, and go with it', async () => {
      const made = await seedCron({ name: 'nightly', timeZone: 'Europe/Berlin', nextAt: 5 })
      expect(made).toMatchObject({
        name: 'nightly',
        timeZone: 'Europe/Berlin',
        disabled: false,
        nextAt: 5,
        prevAt: 0,
        lastError: '',
        version: 1,
      })
      const { crons, repos } = open()
      expect(await crons.findByName(made.repoId, 'nightly')).toEqual(made)
      expect(await crons.findByName(made.repoId, 'other')).toBeNull()
      await expect(crons.create(made)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'cron_exists',
      })
      await crons.create({ ...made, name: 'a' })
      expect((await crons.listByRepo(made.repoId)).map(({ name }) => name)).toEqual([
        'a',
        'nightly',
      ])
      expect(await crons.countByRepo(made.repoId)).toBe(2)
      await repos.delete(made.repoId)
      expect(await crons.listByRepo(made.repoId)).toEqual([])
      expect(await crons.countByRepo(made.repoId)).toBe(0)
    })

    it('change and are deleted once', async () => {
      const { id } = await seedCron()
      const { crons } = open()
      expect(await crons.update(id, { disabled: true, branch: 'x' })).toMatchObject({
        disabled: true,
        branch: 'x',
        expr: '@daily',
        version: 2,
      })
      expect(await crons.update(id, { disabled: false, nextAt: 0 })).toMatchObject({
        disabled: false,
        nextAt: 0,
      })
      expect(await crons.delete(id)).toBe(true)
      expect(await crons.delete(id)).toBe(false)
      expect(await crons.update(id, {})).toBeNull()
    })

    it('are due by the database’s clock, unless disabled or without a next time', async () => {
      const nowMs = await open().now()
      const due = await seedCron({ nextAt: nowMs - 10 })
      const later = await seedCron({ nextAt: nowMs + 600_000 })
      const disabled = await seedCron({ nextAt: nowMs - 10, disabled: true })
      const never = await seedCron({ nextAt: 0 })
      const ids = await dueIds()
      expect(ids).toContain(due.id)
      for (const { id } of [later, disabled, never]) expect(ids).not.toContain(id)
      await open().crons.update(disabled.id, { disabled: false })
      expect(await dueIds()).toContain(disabled.id)
    })

    it('let one of 20 claims of a run win', async () => {
      const nowMs = await open().now()
      const cron = await seedCron({ nextAt: nowMs - 10 })
      const nextAt = nowMs + 600_000
      const claims = await Promise.all(
        Array.from({ length: 20 }, () => open().crons.claim(cron.id, cron.nextAt, nextAt)),
      )
      const won = first(claims.filter((claim) => claim !== null))
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
      expect(won).toMatchObject({ nextAt, prevAt: cron.nextAt, firingAt: cron.nextAt })
      expect(await dueIds()).not.toContain(cron.id)
      await open().crons.settle(cron.id, cron.nextAt, { lastBuild: 7, lastError: '' })
      const settled = await open().crons.findByName(cron.repoId, cron.name)
      expect(settled).toMatchObject({ firingAt: 0, lastBuild: 7, nextAt })
    })

    it('give a claimed run back when nobody says what became of it', async () => {
      const cron = await seedCron({ nextAt: 5 })
      const { crons } = open()
      const claimed = await crons.claim(cron.id, 5, (await open().now()) + 600_000)
      expect(await dueIds()).not.toContain(cron.id)
      expect(await dueIds(-1_000)).toContain(cron.id)
      const since = claimed?.firingSince ?? 0
      expect(await crons.reclaim(cron.id, since - 1)).toBeNull()
      expect(await crons.reclaim(cron.id, since)).toMatchObject({ firingAt: 5 })
      await crons.release(cron.id, 5)
      expect(await dueIds()).toContain(cron.id)
      await crons.reclaim(cron.id, 1)
      expect(await dueIds()).not.toContain(cron.id)
      // The end of another run does not end this one.
      await crons.settle(cron.id, 4, { lastBuild: 0, lastError: 'gone' })
      expect(await crons.findByName(cron.repoId, cron.name)).toMatchObject({
        firingAt: 5,
        lastError: 'gone',
      })
      await crons.settle(cron.id, 5, { lastBuild: 0, lastError: 'no branch' })
      expect(await crons.reclaim(cron.id, since)).toBeNull()
      expect(await dueIds(-1_000)).not.toContain(cron.id)
    })
  })
}
