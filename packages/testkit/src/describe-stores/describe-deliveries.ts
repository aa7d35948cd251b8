import { describe, expect, it } from 'vitest'
import { type OpenDatabase, seedRepo } from './new-rows.ts'

export const describeDeliveries = (open: OpenDatabase): void => {
  describe('deliveries', () => {
    it('gives a key to the first, and again only while nothing was built', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      expect(await deliveries.findByKey(id, 'k')).toBeNull()
      expect(await deliveries.claim(id, 'k')).toBe(true)
      await deliveries.settle(id, 'k', 0, 'skipped')
      expect(await deliveries.findByKey(id, 'k')).toMatchObject({ buildId: 0, reason: 'skipped' })
      expect(await deliveries.claim(id, 'k')).toBe(true)
      await deliveries.settle(id, 'k', 42, '')
      expect(await deliveries.claim(id, 'k')).toBe(false)
      expect(await deliveries.findByKey(id, 'k')).toMatchObject({ key: 'k', buildId: 42 })
    })

    it('keeps the keys of repositories apart', async () => {
      const one = await seedRepo(open())
      const two = await seedRepo(open())
      await open().deliveries.claim(one.id, 'k')
      await open().deliveries.settle(one.id, 'k', 7, '')
      expect(await open().deliveries.claim(two.id, 'k')).toBe(true)
    })

    it('lets one of 20 transactions at once build', async () => {
      const { id } = await seedRepo(open())
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          open().transaction(async (stores) => {
            const isMine = await stores.deliveries.claim(id, 'k')
            if (isMine) await stores.deliveries.settle(id, 'k', index + 1, '')
            return isMine
          }),
        ),
      )
      expect(claims.filter(Boolean)).toHaveLength(1)
      const settled = await open().deliveries.findByKey(id, 'k')
      expect(settled?.buildId).toBe(claims.indexOf(true) + 1)
    })

    it('gives the key back when the transaction fails', async () => {
      const { id } = await seedRepo(open())
      const failing = open().transaction(async (stores) => {
        await stores.deliveries.claim(id, 'k')
        await stores.deliveries.settle(id, 'k', 9, '')
        throw new Error('no build after all')
      })
      await expect(failing).rejects.toThrow('no build after all')
      expect(await open().deliveries.findByKey(id, 'k')).toBeNull()
    })
  })
}
