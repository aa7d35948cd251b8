import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { type Clock, readLineBlock, systemClock } from '@waggle/domain'
import { MemorySink, waitUntil } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { MaskSet } from './mask-set.ts'
import { StepLog, type StepLogOptions } from './step-output.ts'

const open = (options: Partial<StepLogOptions> = {}) => {
  const sink = new MemorySink()
  const log = new StepLog({ sink, masks: new MaskSet([]), clock: systemClock, ...options })
  return { sink, log }
}

describe('F62 a step log', () => {
  it('numbers lines from 0 without gaps and seals them with count, bytes and hash', async () => {
    const { sink, log } = open()
    for (let i = 0; i < 5000; i++) await log.write(Buffer.from(`line ${i}\n`), 0)
    const seal = await log.end()
    expect(sink.lines.map((line) => line.number)).toEqual(Array.from({ length: 5000 }, (_, i) => i))
    expect(seal).toEqual({
      lines: 5000,
      bytes: sink.bytes.length,
      crc32: crc32(sink.bytes),
      gap: '',
    })
    expect(sink.sealed).toEqual(seal)
  })

  it('seals an empty log', async () => {
    const { sink, log } = open()
    expect(await log.end()).toEqual({ lines: 0, bytes: 0, crc32: 0, gap: '' })
    expect(sink.blocks).toEqual([])
  })

  it('ends the last line although it has no line feed', async () => {
    const { sink, log } = open()
    await log.write(Buffer.from('a\nb'), 0)
    await log.end()
    expect(sink.lines.map((line) => line.bytes.toString())).toEqual(['a\n', 'b'])
  })

  it('sends lines while the step is quiet, and shows an unfinished one without numbering it', async () => {
    const { sink, log } = open()
    await log.write(Buffer.from('done\nProceed? '), 0)
    await waitUntil('the preview', () => sink.previews.length > 0)
    expect(sink.text).toBe('done\n')
    expect(sink.previews).toEqual(['Proceed? '])
    await log.write(Buffer.from('yes\n'), 0)
    await log.end()
    expect(sink.lines.map((line) => line.bytes.toString())).toEqual(['done\n', 'Proceed? yes\n'])
  })

  it('gives blocks of about 32 KiB, with the sum of their bytes', async () => {
    const { sink, log } = open()
    await log.write(Buffer.alloc(300_000, 'abcdefghi\n'), 0)
    await log.end()
    expect(Math.max(...sink.blocks.map((block) => block.bytes))).toBeLessThanOrEqual(33_000)
    for (const block of sink.blocks) {
      const sum = [...readLineBlock(block)].reduce((bytes, line) => bytes + line.bytes.length, 0)
      expect(block.bytes).toBe(sum)
    }
  })

  it('tells the seconds since it was opened, by the engine’s clock, never backwards', async () => {
    const clock: Clock = { ...systemClock, now: () => 100_000 }
    const { sink, log } = open({ clock })
    for (const time of [100_500, 103_900, 101_000, 0, 105_000])
      await log.write(Buffer.from(`${time}\n`), time)
    await log.end()
    expect(sink.lines.map((line) => line.time)).toEqual([0, 3, 3, 3, 5])
  })

  it('makes the writer wait while the sink is behind, and drops nothing', async () => {
    const { sink, log } = open()
    const gate = Promise.withResolvers<void>()
    sink.before = () => gate.promise
    const chunk = Buffer.alloc(64 * 1024, 'abcdefghijklmno\n')
    let accepted = 0
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        await log.write(chunk, 0)
        accepted++
      }
    })()
    await waitUntil('back-pressure', () => accepted >= 10)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(accepted).toBeLessThan(30)
    gate.resolve()
    await writing
    expect((await log.end()).bytes).toBe(100 * chunk.length)
    expect(sink.bytes.length).toBe(100 * chunk.length)
  })

  it('keeps the order of writes that were not awaited', async () => {
    const { sink, log } = open()
    void log.write(Buffer.alloc(200_000, 'a\n'), 0)
    void log.write(Buffer.from('b\n'), 0)
    await log.end()
    expect(sink.text.endsWith('a\nb\n')).toBe(true)
  })

  it('takes a line of 50 MB in records of 64 KiB with flat memory', async () => {
    let lines = 0
    let bytes = 0
    const sink = new MemorySink()
    sink.append = async (block) => {
      lines += block.count
      bytes += block.bytes
    }
    const { log } = open({ sink, masks: new MaskSet(['hunter2', 'xxxxy']) })
    const chunk = Buffer.alloc(60_000, 'x')
    const before = process.memoryUsage().rss
    for (let sent = 0; sent < 50_000_000; sent += chunk.length) await log.write(chunk, 0)
    const seal = await log.end()
    expect(seal).toMatchObject({ bytes: 50_040_000, lines: Math.ceil(50_040_000 / 65_536) })
    expect({ lines, bytes }).toEqual({ lines: seal.lines, bytes: seal.bytes })
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('rejects with what the sink threw', async () => {
    const { sink, log } = open()
    sink.failure = new Error('spool is full')
    await log.write(Buffer.from('a\n'), 0)
    await expect(log.end()).rejects.toThrow('spool is full')
  })

  it('puts what the engine knows to be missing into the seal', async () => {
    const { sink, log } = open()
    await log.write(Buffer.from('half'), 0)
    const seal = await log.end({ note: 'the engine was down', gap: 'engine down' })
    expect(seal).toMatchObject({ gap: 'engine down', lines: 2 })
    expect(sink.text).toBe('half\nthe engine was down\n')
  })
})

describe('F62 a log over its limit', () => {
  const limits = { limitBytes: 100_000, tailBytes: 10_000 }
  const output = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, (_, i) => `line ${i}\n`).join(''))

  it('is complete up to the limit', async () => {
    const { sink, log } = open(limits)
    const bytes = Buffer.alloc(99_990, 'abcdefghi\n')
    await log.write(bytes, 0)
    expect((await log.end()).gap).toBe('')
    expect(sink.bytes.equals(bytes)).toBe(true)
  })

  it('keeps the head and the end, and names the gap in a line and in the seal', async () => {
    const { sink, log } = open(limits)
    const bytes = output(30_000)
    await log.write(bytes, 0)
    const seal = await log.end()
    const text = sink.text
    const [, missing] = /\n… (\d+) bytes not kept\n/.exec(text) ?? []
    const [head = '', tail = ''] = text.split(`… ${missing} bytes not kept\n`)
    expect(seal.gap).toBe(`${missing} bytes not kept`)
    expect(bytes.toString().startsWith(head)).toBe(true)
    expect(bytes.toString().endsWith(tail)).toBe(true)
    expect(head.length + tail.length + Number(missing)).toBe(bytes.length)
    expect(head.length).toBeGreaterThan(89_980)
    expect(tail.length).toBeGreaterThan(9_980)
    expect(seal).toMatchObject({ bytes: sink.bytes.length, crc32: crc32(sink.bytes) })
    expect(sink.lines.map((line) => line.number)).toEqual(
      Array.from({ length: seal.lines }, (_, i) => i),
    )
  })

  it('is the same whatever the chunks were', async () => {
    const bytes = output(30_000)
    const whole = open(limits)
    await whole.log.write(bytes, 0)
    const pieces = open(limits)
    for (let at = 0; at < bytes.length; at += 777)
      await pieces.log.write(bytes.subarray(at, at + 777), 0)
    expect(await pieces.log.end()).toEqual(await whole.log.end())
    expect(pieces.sink.text).toBe(whole.sink.text)
  })
})
