import { describe, expect, it } from 'vitest'
import { newDelivery, type OpenDatabase, seedRepo } from './new-rows.ts'

const dayMs = 24 * 3_600_000
const once = { keepMs: dayMs, isFurtherTry: false } as const

export const describeDeliveries = (open: OpenDatabase): void => {
  describe('deliveries', () => {
    it('gives a key to the first, and again only while nothing was built', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      const wanted = newDelivery(id, { requestSealed: Uint8Array.of(1, 2) })
      expect(await deliveries.findByKey(id, 'k')).toBeNull()
      expect(await deliveries.claim(wanted, once)).toMatchObject({ outcome: 'working', tries: 1 })
      await deliveries.settle(id, 'k', { outcome: 'skipped', reason: 'why' })
      expect(await deliveries.findByKey(id, 'k')).toMatchObject({ buildId: 0, reason: 'why' })
      const again = await deliveries.claim(newDelivery(id, { ref: 'refs/heads/dev' }), {
        ...once,
        isFurtherTry: true,
      })
      expect(again).toMatchObject({ reason: '', tries: 2, ref: 'refs/heads/dev' })
      await deliveries.settle(id, 'k', { outcome: 'built', buildId: 42, buildNumber: 7 })
      expect(await deliveries.claim(wanted, once)).toBeNull()
      const built = await deliveries.findByKey(id, 'k')
      expect(built).toMatchObject({ key: 'k', buildId: 42, buildNumber: 7, outcome: 'built' })
      expect(await deliveries.find(id, built?.id ?? 0)).toEqual(built)
      expect([...(built?.requestSealed ?? [])]).toEqual([1, 2])
    })

    it('forgets a key after its time, and when it is reopened', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      await deliveries.create(newDelivery(id), { outcome: 'built', buildId: 1, buildNumber: 1 })
      expect(await deliveries.claim(newDelivery(id), once)).toBeNull()
      expect(await deliveries.claim(newDelivery(id), { ...once, keepMs: -1_000 })).toMatchObject({
        buildId: 0,
        outcome: 'working',
      })
      await deliveries.settle(id, 'k', { outcome: 'built', buildId: 2 })
      const found = await deliveries.findByKey(id, 'k')
      await deliveries.reopen(id, found?.id ?? 0, 1)
      expect(await deliveries.claim(newDelivery(id), once)).toBeNull()
      await deliveries.reopen(id, found?.id ?? 0, 2)
      expect(await deliveries.claim(newDelivery(id), once)).not.toBeNull()
    })

    it('lists the newest first, by outcome, without what was asked for', async () => {
      const { id } = await seedRepo(open())
      const other = await seedRepo(open())
      const { deliveries } = open()
      const requestSealed = Uint8Array.of(9)
      for (const [at, outcome] of (['skipped', 'built', 'skipped'] as const).entries())
        await deliveries.create(newDelivery(id, { key: `k${at}`, requestSealed }), { outcome })
      await deliveries.create(newDelivery(other.id), { outcome: 'built' })
      const page = { offset: 0, limit: 10 }
      const all = await deliveries.list(id, {}, page)
      expect(all.map(({ key }) => key)).toEqual(['k2', 'k1', 'k0'])
      expect(all.map((row) => row.requestSealed)).toEqual([null, null, null])
      const skipped = await deliveries.list(id, { outcome: 'skipped' }, { offset: 1, limit: 10 })
      expect(skipped.map(({ key }) => key)).toEqual(['k0'])
    })

    it('finds what the same content built a while ago', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      const of = (key: string, content: string) => newDelivery(id, { key, content })
      await deliveries.create(of('a', 'x'), { outcome: 'skipped' })
      expect(await deliveries.findBuilt(id, 'x', dayMs)).toBeNull()
      await deliveries.create(of('b', 'x'), { outcome: 'built', buildId: 3 })
      await deliveries.create(of('c', ''), { outcome: 'built', buildId: 4 })
      expect(await deliveries.findBuilt(id, 'x', dayMs)).toMatchObject({ buildId: 3 })
      expect(await deliveries.findBuilt(id, 'x', -1_000)).toBeNull()
      expect(await deliveries.findBuilt(id, '', dayMs)).toBeNull()
    })

    it('tells which ones nobody works on any more', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      await deliveries.claim(newDelivery(id, { key: 'stuck' }), once)
      await deliveries.create(newDelivery(id, { key: 'over' }), { outcome: 'failed' })
      const stuck = await deliveries.listStuck(-1_000, 1_000)
      expect(stuck.filter((row) => row.repoId === id).map(({ key }) => key)).toEqual(['stuck'])
      expect(await deliveries.listStuck(dayMs, 10)).toEqual([])
    })

    it('tells of those behind any number that nobody can read', async () => {
      const { id } = await seedRepo(open())
      const { deliveries } = open()
      for (let index = 0; index < 30; index += 1) {
        const odd = newDelivery(id, { key: `odd ${index}`, via: 'pigeon' as 'call' })
        // The row is there; reading it back is what fails.
        await expect(deliveries.claim(odd, once)).rejects.toThrow('cannot be read')
      }
      await deliveries.claim(newDelivery(id, { key: 'good' }), once)
      const stuck = await deliveries.listStuck(-1_000, 1_000)
      const mine = stuck.filter((row) => row.repoId === id)
      expect(mine.map(({ key }) => key)).toEqual(['good'])
      const before = stuck.length - 1
      expect(await deliveries.listStuck(-1_000, before + 1)).toHaveLength(before + 1)
    })

    it('keeps the keys of repositories apart', async () => {
      const one = await seedRepo(open())
      const two = await seedRepo(open())
      await open().deliveries.claim(newDelivery(one.id), once)
      await open().deliveries.settle(one.id, 'k', { outcome: 'built', buildId: 7 })
      expect(await open().deliveries.claim(newDelivery(two.id), once)).not.toBeNull()
      const found = await open().deliveries.findByKey(one.id, 'k')
      expect(await open().deliveries.find(two.id, found?.id ?? 0)).toBeNull()
    })

    it('lets one of 20 transactions at once build', async () => {
      const { id } = await seedRepo(open())
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          open().transaction(async (stores) => {
            const isMine = (await stores.deliveries.claim(newDelivery(id), once)) !== null
            const end = { outcome: 'built', buildId: index + 1 } as const
            if (isMine) await stores.deliveries.settle(id, 'k', end)
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
        await stores.deliveries.claim(newDelivery(id), once)
        await stores.deliveries.settle(id, 'k', { outcome: 'built', buildId: 9 })
        throw new Error('no build after all')
      })
      await expect(failing).rejects.toThrow('no build after all')
      expect(await open().deliveries.findByKey(id, 'k')).toBeNull()
    })
  })
}
