import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from './new-rows.ts'

export const describeTicks = (open: OpenDatabase): void => {
  describe('ticks', () => {
    it('is won by one of 20 at once, when it is due', async () => {
      const tries = async (intervalMs: number) =>
        (
          await Promise.all(
            Array.from({ length: 20 }, () => open().ticks.win('reconcile', intervalMs)),
          )
        ).filter((won) => won !== null)
      expect(await tries(600_000)).toEqual([{ lateMs: 0 }])
      expect(await tries(600_000)).toEqual([])
    })

    it('tells when it is due next', async () => {
      expect(await open().ticks.dueAt('cleanup')).toBe(0)
      const before = await open().now()
      await open().ticks.win('cleanup', 600_000)
      expect(await open().ticks.dueAt('cleanup')).toBeGreaterThanOrEqual(before + 600_000)
    })

    it('is not won by others while it is held', async () => {
      expect(await open().ticks.win('webhooks', 20)).not.toBeNull()
      await open().ticks.hold('webhooks', 60_000)
      await delay(30)
      expect(await open().ticks.win('webhooks', 60_000)).toBeNull()
    })

    it('tells how late it came', async () => {
      expect(await open().ticks.win('purge', 10)).not.toBeNull()
      await delay(40)
      const won = await open().ticks.win('purge', 10)
      expect(won?.lateMs).toBeGreaterThanOrEqual(20)
    })

    it('is won again where its time lies further ahead than its interval: the clock was set back', async () => {
      expect(await open().ticks.win('cron', 86_400_000)).toEqual({ lateMs: 0 })
      expect(await open().ticks.win('cron', 1000)).toEqual({ lateMs: 0 })
      expect(await open().ticks.win('cron', 1000)).toBeNull()
    })

    it('does not mix up names', async () => {
      expect(await open().ticks.win('reap', 600_000)).not.toBeNull()
      expect(await open().ticks.win('outbox', 600_000)).not.toBeNull()
    })
  })

  describe('settings', () => {
    it('keeps the first value that was stored at once by many, and takes a set one', async () => {
      const { settings } = open()
      expect(await settings.get('installation')).toBeNull()
      const values = await Promise.all(
        Array.from({ length: 10 }, (_, index) => settings.init('installation', `id-${index}`)),
      )
      expect(new Set(values).size).toBe(1)
      expect(await settings.get('installation')).toBe(values[0])
      await settings.set('installation', 'other')
      expect(await settings.init('installation', 'third')).toBe('other')
    })
  })
}
