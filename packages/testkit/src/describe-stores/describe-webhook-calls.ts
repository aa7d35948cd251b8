import { randomUUID } from 'node:crypto'
import type { NewWebhookCall } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import type { OpenDatabase } from './new-rows.ts'

const page = { offset: 0, limit: 100 }

export const describeWebhookCalls = (open: OpenDatabase): void => {
  const line = () => {
    const receiver = randomUUID()
    const call = (more: Partial<NewWebhookCall> = {}): NewWebhookCall => ({
      receiver,
      event: 'build',
      action: 'updated',
      repoId: 1,
      buildId: 2,
      body: '',
      ...more,
    })
    return { receiver, call, store: open().webhookCalls }
  }

  describe('calls of outgoing webhooks', () => {
    it('come in the order they were added, each until it is ended', async () => {
      const { receiver, call, store } = line()
      await store.add([
        call({ action: 'created' }),
        call(),
        call({ event: 'repo', body: '{"ä":1}' }),
      ])
      const first = await store.next(receiver)
      expect(first).toMatchObject({ ...call({ action: 'created' }), state: 'waiting', tries: 0 })
      await store.noteTry(first?.id ?? 0, 503, 'away')
      expect(await store.next(receiver)).toMatchObject({ id: first?.id, tries: 1, error: 'away' })
      await store.settle(first?.id ?? 0, { state: 'sent', status: 204, error: '' })
      await store.settle(first?.id ?? 0, { state: 'failed', status: 1, error: 'too late' })
      const second = await store.next(receiver)
      expect(second).toMatchObject(call())
      expect(await store.list({ receiver, state: 'sent' }, page)).toMatchObject([
        { id: first?.id, tries: 2, status: 204, error: '' },
      ])
      expect(await store.list({ receiver }, { offset: 1, limit: 1 })).toEqual([second])
      await store.add([])
    })

    it('hold nothing of a transaction that failed', async () => {
      const { receiver, call } = line()
      const failing = open().transaction(async (stores) => {
        await stores.webhookCalls.add([call()])
        throw new Error('not promised')
      })
      await expect(failing).rejects.toThrow('not promised')
      expect(await open().webhookCalls.next(receiver)).toBeNull()
    })

    it('have one sender a receiver, until its lease runs out or it lets go', async () => {
      const { receiver, call, store } = line()
      expect(await store.listDue()).not.toContain(receiver)
      await store.add([call()])
      expect(await store.listDue()).toContain(receiver)
      expect(await store.claim(receiver, 'a', 60_000)).toBe(true)
      expect(await store.claim(receiver, 'b', 60_000)).toBe(false)
      expect(await store.claim(receiver, 'a', 60_000)).toBe(true)
      expect(await store.listDue()).not.toContain(receiver)
      await store.release(receiver, 'b', 0)
      expect(await store.claim(receiver, 'b', 60_000)).toBe(false)
      await store.release(receiver, 'a', 60_000)
      // Too early, for the one who let go as well.
      expect(await store.claim(receiver, 'a', 60_000)).toBe(false)
      expect(await store.listDue()).not.toContain(receiver)
      const other = line()
      expect(await other.store.claim(other.receiver, 'a', -1)).toBe(true)
      expect(await other.store.claim(other.receiver, 'b', 60_000)).toBe(true)
      await other.store.release(other.receiver, 'b', 0)
      expect(await other.store.claim(other.receiver, 'a', 60_000)).toBe(true)
    })

    it('of one build are told once by its newest state, and no others go', async () => {
      const { receiver, call, store } = line()
      await store.add([
        call(),
        call(),
        call({ buildId: 3 }),
        call({ action: 'created' }),
        call({ event: 'repo' }),
        call(),
      ])
      const first = await store.next(receiver)
      if (!first) throw new Error('nothing waits')
      expect(await store.dropUpdates(first)).toBe(2)
      const left = await store.list({ receiver }, page)
      expect(left.map(({ event, action, buildId }) => `${event}:${action}:${buildId}`)).toEqual([
        'repo:updated:2',
        'build:created:2',
        'build:updated:3',
        'build:updated:2',
      ])
    })

    it('of a commit are told by the newest, keep what was told, and are counted together', async () => {
      const { call, store } = line()
      const receiver = `status:${randomUUID()}`
      const status = { receiver, event: 'status' } as const
      const before = (await store.lines()).find((one) => one.receiver === 'status')?.waiting ?? 0
      await store.add([call(status), call(status), call({ receiver }), call(status)])
      const counted = (await store.lines()).filter((one) => one.receiver.startsWith('status'))
      expect(counted).toMatchObject([{ receiver: 'status', waiting: before + 4 }])
      const first = await store.next(receiver)
      if (!first) throw new Error('nothing waits')
      expect(await store.dropUpdates(first)).toBe(2)
      expect(await store.lastTold(receiver, 2)).toBe('')
      await store.settle(first.id, { state: 'sent', status: 201, error: '', body: 'told' })
      expect(await store.lastTold(receiver, 2)).toBe('told')
      expect(await store.lastTold(receiver, 3)).toBe('')
      await store.forget(first.id)
      const left = await store.next(receiver)
      await store.forget(left?.id ?? 0)
      expect(await store.next(receiver)).toBeNull()
      expect(await store.list({ receiver }, page)).toMatchObject([{ id: first.id, body: 'told' }])
    })

    it('that nobody can read hold up none behind them', async () => {
      const { receiver, call, store } = line()
      const odd = call({ event: 'earthquake' as 'build', action: 'shaken' as 'updated' })
      await store.add(Array.from({ length: 200 }, () => odd))
      await store.add([call()])
      expect(await store.next(receiver)).toMatchObject(call())
    })

    it('that failed can be sent again, at the end of the line', async () => {
      const { receiver, call, store } = line()
      await store.add([call({ body: 'x' }), call()])
      const first = await store.next(receiver)
      expect(await store.resend(first?.id ?? 0)).toBeNull()
      await store.settle(first?.id ?? 0, { state: 'failed', status: 404, error: 'no' })
      const again = await store.resend(first?.id ?? 0)
      expect(again).toMatchObject({ body: 'x', state: 'waiting', tries: 0, error: '' })
      expect(again?.id).toBeGreaterThan((await store.next(receiver))?.id ?? 0)
    })

    it('are counted and purged by age; what nobody receives any more goes too', async () => {
      const { receiver, call, store } = line()
      const gone = line()
      const future = Date.now() + 3_600_000
      const all = (await store.lines()).map((one) => one.receiver)
      await store.purge({
        sentBefore: future,
        failedBefore: future,
        waitingBefore: future,
        receivers: all,
      })
      await gone.store.add([gone.call()])
      await store.add([call(), call(), call(), call()])
      const [a, b, c] = (await store.list({ receiver }, page)).toReversed()
      await store.settle(a?.id ?? 0, { state: 'sent', status: 200, error: '' })
      await store.settle(b?.id ?? 0, { state: 'failed', status: 400, error: 'no' })
      const mine = async () => (await store.lines()).find((one) => one.receiver === receiver)
      const [waiting, oldestAt] = [2, c?.createdAt]
      expect(await mine()).toEqual({ receiver, waiting, failed: 1, sent: 1, oldestAt })
      const receivers = (await store.lines()).map((one) => one.receiver)
      const kept = receivers.filter((one) => one !== gone.receiver)
      const ages = { sentBefore: future, failedBefore: 1, receivers: kept }
      expect(await store.purge({ ...ages, waitingBefore: 1 })).toBe(1)
      expect(await gone.store.next(gone.receiver)).not.toBeNull()
      expect(await store.purge({ ...ages, waitingBefore: future })).toBe(1)
      expect(await gone.store.next(gone.receiver)).toBeNull()
      expect(await mine()).toMatchObject({ waiting: 2, failed: 1, sent: 0 })
    })
  })
}
