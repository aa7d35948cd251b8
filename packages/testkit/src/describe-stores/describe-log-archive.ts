import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { LogKey, LogSeal, LogSegment } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { type OpenDatabase, seedStep } from './new-rows.ts'

export const describeLogArchive = (open: OpenDatabase): void => {
  describe('logs', () => {
    const segment = (first: number, count: number): LogSegment => ({
      first,
      count,
      bytes: count * 2,
      data: Buffer.from(`${first}+${count}\0\xff`, 'latin1'),
    })
    const sealOf = (lines: number, gap = ''): LogSeal => ({
      lines,
      bytes: lines * 2,
      crc32: 0xffff_ffff,
      gap,
    })
    const seed = async (): Promise<{ key: LogKey; stepId: number }> => {
      const step = await seedStep(open())
      return { key: { stageId: step.stageId, attempt: 1, step: 1, try: 1 }, stepId: step.id }
    }
    const read = async (key: LogKey, from: number): Promise<readonly LogSegment[]> => {
      const found: LogSegment[] = []
      for await (const segment of open().logs.read(key, from)) found.push(segment)
      return found
    }

    it('takes segments in order, repeats without effect, and no hole', async () => {
      const { key, stepId } = await seed()
      const { logs } = open()
      expect(await logs.next(key)).toBe(0)
      expect(await logs.append(key, stepId, segment(1, 3))).toBe(0)
      expect(await logs.append(key, stepId, segment(0, 10))).toBe(10)
      expect(await logs.append(key, stepId, segment(0, 10))).toBe(10)
      expect(await logs.append(key, stepId, segment(5, 10))).toBe(10)
      expect(await logs.append(key, stepId, segment(11, 1))).toBe(10)
      expect(await logs.append(key, stepId, segment(10, 0))).toBe(10)
      expect(await logs.append(key, stepId, segment(10, 5))).toBe(15)
      expect(await logs.next(key)).toBe(15)
      expect(await read(key, 0)).toEqual([segment(0, 10), segment(10, 5)])
    })

    it('takes a segment once when many bring it at once', async () => {
      const { key, stepId } = await seed()
      const ends = await Promise.all(
        Array.from({ length: 20 }, () => open().logs.append(key, stepId, segment(0, 4))),
      )
      expect(new Set(ends)).toEqual(new Set([4]))
      expect(await read(key, 0)).toHaveLength(1)
    })

    it('reads from the segment that holds the line asked for', async () => {
      const { key, stepId } = await seed()
      for (const first of [0, 10, 20]) await open().logs.append(key, stepId, segment(first, 10))
      const firsts = async (from: number) => (await read(key, from)).map((found) => found.first)
      expect(await firsts(0)).toEqual([0, 10, 20])
      expect(await firsts(9)).toEqual([0, 10, 20])
      expect(await firsts(10)).toEqual([10, 20])
      expect(await firsts(29)).toEqual([20])
      expect(await firsts(30)).toEqual([])
    })

    it('keeps megabytes to the last byte', async () => {
      const { key, stepId } = await seed()
      const data = randomBytes(8 * 1024 * 1024)
      await open().logs.append(key, stepId, { first: 0, count: 1, bytes: data.length, data })
      const [found] = await read(key, 0)
      expect(found?.data.equals(data)).toBe(true)
    })

    it('keeps the first seal and takes nothing behind it', async () => {
      const { key, stepId } = await seed()
      const { logs } = open()
      expect(await logs.findSeal(key)).toBeNull()
      await logs.append(key, stepId, segment(0, 2))
      expect(await logs.seal(key, stepId, sealOf(2))).toEqual(sealOf(2))
      expect(await logs.seal(key, stepId, sealOf(9, 'late'))).toEqual(sealOf(2))
      expect(await logs.findSeal(key)).toEqual(sealOf(2))
      expect(await logs.append(key, stepId, segment(2, 2))).toBe(2)
    })

    it('finds the newest log of a step, also one that has only a seal', async () => {
      const { key, stepId } = await seed()
      const { logs } = open()
      expect(await logs.findLatest(stepId)).toBeNull()
      await logs.append({ ...key, try: 2 }, stepId, segment(0, 1))
      await logs.append(key, stepId, segment(0, 1))
      expect(await logs.findLatest(stepId)).toEqual({ ...key, try: 2 })
      await logs.seal({ ...key, attempt: 2 }, stepId, sealOf(0, 'lost'))
      expect(await logs.findLatest(stepId)).toEqual({ ...key, attempt: 2 })
    })

    it('refuses the lines of a step that is gone', async () => {
      const { key } = await seed()
      await expect(open().logs.append(key, 0, segment(0, 1))).rejects.toMatchObject({
        kind: 'not_found',
      })
    })

    it('deletes all logs of a step', async () => {
      const { key, stepId } = await seed()
      await open().logs.append(key, stepId, segment(0, 1))
      await open().logs.seal(key, stepId, sealOf(1))
      await open().logs.deleteByStep(stepId)
      expect(await open().logs.findLatest(stepId)).toBeNull()
      expect(await read(key, 0)).toEqual([])
    })
  })
}
