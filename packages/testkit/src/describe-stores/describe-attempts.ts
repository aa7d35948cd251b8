import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { newAttempt, type OpenDatabase, seedAttempt, seedStage } from './new-rows.ts'

export const describeAttempts = (open: OpenDatabase): void => {
  describe('attempts', () => {
    it('starts leased, with the time of the database', async () => {
      const before = await open().now()
      const stage = await seedStage(open())
      const given = newAttempt(stage)
      const attempt = await open().attempts.create(given)
      expect(attempt).toMatchObject({
        ...given,
        answerSealed: null,
        state: 'leased',
        end: '',
        endedAt: 0,
        cancelRequestedAt: 0,
      })
      expect(attempt.acceptedAt).toBe(attempt.renewedAt)
      expect(attempt.acceptedAt).toBeGreaterThanOrEqual(before)
      const found = await open().attempts.find(stage.id, 1)
      expect(found).toMatchObject({ ...attempt, answerSealed: expect.anything() })
      expect([...(found?.answerSealed ?? [])]).toEqual([9, 8, 7])
      expect(await open().attempts.findLease(stage.id, 1)).toEqual(attempt)
      expect(await open().attempts.find(stage.id, 2)).toBeNull()
      expect(await open().attempts.findLease(stage.id, 2)).toBeNull()
    })

    it('lists those of a stage, newest first, and the oldest open ones of workers', async () => {
      const { attempts } = open()
      const stage = await seedStage(open())
      const workerId = randomUUID()
      const one = await attempts.create(newAttempt(stage, { workerId }))
      await attempts.update(stage.id, 1, { state: 'ended', end: 'lost' }, ['leased'])
      const two = await attempts.create(newAttempt(stage, { workerId, number: 2 }))
      const other = await seedAttempt(open(), { workerId })
      const numbers = async (limit: number) =>
        (await attempts.listByStage(stage.id, limit)).map(({ number, end }) => ({ number, end }))
      expect(await numbers(1)).toEqual([{ number: 2, end: '' }])
      expect(await numbers(5)).toEqual([
        { number: 2, end: '' },
        { number: one.number, end: 'lost' },
      ])
      expect(await attempts.listOldestOpen([workerId, 'nobody'], 1)).toEqual([two])
      expect(await attempts.listOldestOpen([workerId], 9)).toEqual([two, other])
      expect(await attempts.listOldestOpen([], 9)).toEqual([])
      expect((await attempts.countOpenByWorker()).get(workerId)).toBe(2)
    })

    it('is found by worker, boot and request', async () => {
      const { workerId, bootId, requestId, ...attempt } = await seedAttempt(open())
      const { attempts } = open()
      expect(await attempts.findByRequest(workerId, bootId, requestId)).toMatchObject({
        stageId: attempt.stageId,
        number: 1,
      })
      expect(await attempts.findByRequest(workerId, 'other', requestId)).toBeNull()
    })

    it('refuses a second row of one number or of one request', async () => {
      const attempt = await seedAttempt(open())
      const again = newAttempt({ ...(await seedStage(open())), id: attempt.stageId })
      await expect(open().attempts.create(again)).rejects.toMatchObject({ kind: 'conflict' })
      const { workerId, bootId, requestId } = attempt
      const repeat = newAttempt(await seedStage(open()), { workerId, bootId, requestId })
      await expect(open().attempts.create(repeat)).rejects.toMatchObject({
        code: 'attempt_exists',
      })
    })

    it('moves only from the states named', async () => {
      const { stageId } = await seedAttempt(open())
      const { attempts } = open()
      expect(await attempts.update(stageId, 1, { state: 'ended' }, ['granted'])).toBeNull()
      expect(await attempts.update(stageId, 2, { state: 'ended' }, ['leased'])).toBeNull()
      expect(
        await attempts.update(stageId, 1, { state: 'granted' }, ['leased', 'granted']),
      ).toMatchObject({ state: 'granted', endedAt: 0 })
      expect(await attempts.change(stageId, 1, { state: 'closing' }, ['leased'])).toBe(false)
      expect(await attempts.change(stageId, 1, { state: 'closing' }, ['granted'])).toBe(true)
      expect(await attempts.find(stageId, 1)).toMatchObject({ state: 'closing' })
    })

    it('forgets its answer when it ends, and tells when and how', async () => {
      const { stageId, acceptedAt } = await seedAttempt(open())
      const ended = await open().attempts.update(stageId, 1, { state: 'ended', end: 'finished' }, [
        'leased',
      ])
      expect(ended).toMatchObject({ state: 'ended', end: 'finished' })
      expect(await open().attempts.find(stageId, 1)).toEqual(ended)
      expect(ended?.endedAt).toBeGreaterThanOrEqual(acceptedAt)
    })

    it('stamps each part of a cancel with the time of the database', async () => {
      const { stageId } = await seedAttempt(open())
      const { attempts } = open()
      const before = await open().now()
      const closing = await attempts.update(
        stageId,
        1,
        { state: 'closing', cancelRequested: true, cancelSeen: false },
        ['leased'],
      )
      expect(closing?.cancelRequestedAt).toBeGreaterThanOrEqual(before)
      expect(closing).toMatchObject({ cancelSeenAt: 0, cancelDoneAt: 0 })
      const done = await attempts.update(stageId, 1, { cancelSeen: true, cancelDone: true }, [
        'closing',
      ])
      expect(done?.cancelRequestedAt).toBe(closing?.cancelRequestedAt)
      expect(done?.cancelSeenAt).toBeGreaterThanOrEqual(before)
      expect(done?.cancelDoneAt).toBeGreaterThanOrEqual(before)
    })

    it('renews what the worker and its boot hold, of the attempts named', async () => {
      const workerId = randomUUID()
      const mine = await seedAttempt(open(), { workerId })
      const unnamed = await seedAttempt(open(), { workerId })
      const older = await seedAttempt(open(), { workerId, bootId: 'older' })
      const strange = await seedAttempt(open())
      const over = await seedAttempt(open(), { workerId })
      await open().attempts.update(over.stageId, 1, { state: 'ended', end: 'lost' }, ['leased'])
      await delay(5)
      const named = [mine, older, strange, over].map(({ stageId, number }) => ({
        stageId,
        attempt: number,
      }))
      const renewed = await open().attempts.renew(workerId, 'boot', [
        ...named,
        { stageId: mine.stageId, attempt: 2 },
      ])
      expect(renewed.map((attempt) => attempt.stageId)).toEqual([mine.stageId])
      expect(renewed[0]?.renewedAt).toBeGreaterThan(mine.renewedAt)
      expect((await open().attempts.find(unnamed.stageId, 1))?.renewedAt).toBe(unnamed.renewedAt)
      expect(await open().attempts.renew(workerId, 'boot', [])).toEqual([])
      const held = await open().attempts.listOpenByWorker(workerId)
      expect(held.map((attempt) => attempt.stageId)).toEqual([
        mine.stageId,
        unnamed.stageId,
        older.stageId,
      ])
    })

    it('lists the silent by what their state allows, oldest first', async () => {
      const leased = await seedAttempt(open())
      await delay(2)
      const granted = await seedAttempt(open())
      await delay(2)
      const closing = await seedAttempt(open())
      const over = await seedAttempt(open())
      const { attempts } = open()
      await attempts.update(granted.stageId, 1, { state: 'granted' }, ['leased'])
      await attempts.update(closing.stageId, 1, { state: 'closing' }, ['leased'])
      await attempts.update(over.stageId, 1, { state: 'ended', end: 'lost' }, ['leased'])
      await delay(20)
      const ours = new Set([leased, granted, closing, over].map((attempt) => attempt.stageId))
      const silent = async (requeueMs: number, lostMs: number) =>
        (await attempts.listSilent({ requeueMs, lostMs }))
          .map((attempt) => attempt.stageId)
          .filter((stageId) => ours.has(stageId))
      expect(await silent(10, 600_000)).toEqual([leased.stageId])
      expect(await silent(600_000, 10)).toEqual([granted.stageId, closing.stageId])
      expect(await silent(10, 10)).toEqual([leased.stageId, granted.stageId, closing.stageId])
      expect(await silent(600_000, 600_000)).toEqual([])
    })

    it('locks a silent attempt, but not one that was renewed first', async () => {
      const { stageId, workerId, bootId } = await seedAttempt(open())
      await delay(20)
      const lock = (silentMs: number) =>
        open().transaction((stores) => stores.attempts.lockIfSilent(stageId, 1, silentMs))
      expect(await lock(10)).toMatchObject({ stageId, number: 1 })
      expect(await lock(600_000)).toBeNull()
      await open().attempts.renew(workerId, bootId, [{ stageId, attempt: 1 }])
      expect(await lock(600_000)).toBeNull()
    })

    it('lets exactly one of a heartbeat and a reaper win that meet', async () => {
      const held = await Promise.all(Array.from({ length: 20 }, () => seedAttempt(open())))
      await delay(600)
      const meet = async ({ stageId, workerId, bootId }: Attempt): Promise<number> => {
        const [renewed, reaped] = await Promise.all([
          open().attempts.renew(workerId, bootId, [{ stageId, attempt: 1 }]),
          open().transaction(async (stores) => {
            const locked = await stores.attempts.lockIfSilent(stageId, 1, 500)
            if (!locked) return null
            return stores.attempts.update(stageId, 1, { state: 'ended', end: 'lost' }, ['leased'])
          }),
        ])
        return renewed.length + (reaped === null ? 0 : 1)
      }
      expect(await Promise.all(held.map(meet))).toEqual(held.map(() => 1))
    })

    it('counts the workers that hold something, and the losses of a stage', async () => {
      const before = await open().attempts.countHolders()
      const workerId = randomUUID()
      const { stageId, buildId } = await seedAttempt(open(), { workerId })
      await seedAttempt(open(), { workerId })
      expect(await open().attempts.countHolders()).toBe(before + 1)
      const ends = ['lost', 'released', 'requeued', 'finished'] as const
      for (const [index, end] of ends.entries()) {
        const number = index + 1
        const stage = { ...(await seedStage(open())), id: stageId, buildId }
        if (number > 1) await open().attempts.create(newAttempt(stage, { number }))
        await open().attempts.update(stageId, number, { state: 'ended', end }, ['leased'])
      }
      expect(await open().attempts.countLosses(stageId)).toBe(2)
    })
  })
}
