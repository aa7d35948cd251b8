import {
  type LineBlock,
  LineBlockWriter,
  type LogKey,
  readLineBlock,
  silentLogger,
} from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveLines, openLiveLog } from './live-lines.ts'

const prefix = '{l}'
let stage = 0
const newKey = (): LogKey => ({ stageId: ++stage, attempt: 1, step: 2, try: 1 })
const keyName = (key: LogKey) => `${prefix}:lines:${key.stageId}-1-2-1`

const makeBlock = (first: number, lines: readonly Buffer[]): LineBlock => {
  const writer = new LineBlockWriter(64)
  for (const [i, bytes] of lines.entries()) writer.add(first + i, i, bytes)
  return writer.take()
}

/** Blocks of `perBlock` lines; every line says its number. */
const makeBlocks = (lines: number, perBlock: number): LineBlock[] => {
  const blocks: LineBlock[] = []
  for (let first = 0; first < lines; first += perBlock)
    blocks.push(
      makeBlock(
        first,
        Array.from({ length: Math.min(perBlock, lines - first) }, (_, i) =>
          Buffer.from(`line ${first + i}\n`),
        ),
      ),
    )
  return blocks
}

const numbers = (blocks: readonly LineBlock[]): number[] =>
  blocks.flatMap((block) => [...readLineBlock(block)].map((line) => line.number))

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('the live log', () => {
  let server: TestRedis
  let admin: Redis
  let live: LiveLines
  let worker: LiveLines
  const forever = new AbortController().signal

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    admin.on('error', () => undefined)
    const deps = { redis: { url: server.url, prefix }, log: silentLogger }
    live = openLiveLog(deps)
    worker = openLiveLog(deps)
  })
  afterAll(async () => {
    await live.close()
    await worker.close()
    admin.disconnect()
    await server.stop()
  })

  const collect = (key: LogKey, from: number, signal: AbortSignal = forever) => {
    const blocks: LineBlock[] = []
    const state: { blocks: LineBlock[]; error: unknown; isOver: boolean } = {
      blocks,
      error: null,
      isOver: false,
    }
    const over = (async () => {
      try {
        for await (const block of live.tail(key, from, signal)) blocks.push(block)
      } catch (error) {
        state.error = error
      }
      state.isOver = true
    })()
    return Object.assign(state, { over })
  }

  it('keeps bytes exactly, and ends its followers with the close', async () => {
    const key = newKey()
    await live.open(key)
    const before = collect(key, 0)
    const wild = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    expect(await worker.append(key, makeBlock(0, [wild, Buffer.alloc(0), Buffer.from('\n')]))).toBe(
      true,
    )
    expect(await worker.append(key, makeBlock(3, [Buffer.alloc(65_536, 'ü')]))).toBe(true)
    await live.close(key)
    await before.over
    const after = collect(key, 0)
    await after.over
    for (const { blocks } of [before, after]) {
      const lines = blocks.flatMap((block) => [...readLineBlock(block)])
      expect(lines.map((line) => line.number)).toEqual([0, 1, 2, 3])
      expect(lines[0]?.bytes.equals(wild)).toBe(true)
      expect(lines[3]?.bytes.equals(Buffer.alloc(65_536, 'ü'))).toBe(true)
    }
    expect(await admin.ttl(keyName(key))).toBeGreaterThan(0)
    expect(await admin.ttl(keyName(key))).toBeLessThanOrEqual(60)
  })

  it('opens once, and has a life from the start', async () => {
    const key = newKey()
    await live.open(key)
    await worker.append(key, makeBlocks(3, 3)[0]!)
    await live.open(key)
    expect(numbers(await live.snapshot(key))).toEqual([0, 1, 2])
    expect(await admin.ttl(keyName(key))).toBeGreaterThan(3_600)
  })

  it('refuses lines where there is no stream, or a closed one, and does not bring it back', async () => {
    const key = newKey()
    const [block, next] = makeBlocks(6, 3)
    expect(await worker.append(key, block!)).toBe(false)
    expect(await admin.exists(keyName(key))).toBe(0)
    await live.open(key)
    expect(await worker.append(key, block!)).toBe(true)
    await live.close(key)
    expect(await worker.append(key, next!)).toBe(false)
    await admin.del(keyName(key))
    expect(await worker.append(key, next!)).toBe(false)
    expect(numbers(await live.snapshot(key))).toEqual([])
  })

  it('takes a repeated block once, also when it is cut differently', async () => {
    const key = newKey()
    await live.open(key)
    const follower = collect(key, 0)
    for (const block of makeBlocks(6, 3)) await worker.append(key, block)
    for (const block of [...makeBlocks(6, 3), ...makeBlocks(10, 5)])
      expect(await worker.append(key, block)).toBe(true)
    await live.close(key)
    await follower.over
    expect(numbers(follower.blocks)).toEqual(upTo(0, 10))
    expect(numbers(await live.snapshot(key))).toEqual(upTo(0, 10))
  })

  it('trims whole blocks behind a line, and nothing more', async () => {
    const key = newKey()
    await live.open(key)
    for (const block of makeBlocks(12, 3)) await worker.append(key, block)
    await live.trim(key, 5)
    expect(numbers(await live.snapshot(key))).toEqual(upTo(3, 12))
    await live.trim(key, 12)
    expect(await live.snapshot(key)).toEqual([])
    expect(await worker.append(key, makeBlock(12, [Buffer.from('x')]))).toBe(true)
    // All of it is in the archive already: not again.
    expect(await worker.append(key, makeBlock(9, [Buffer.from('y')]))).toBe(true)
    expect(numbers(await live.snapshot(key))).toEqual([12])
  })

  it('gives the whole log from any line on, whenever the viewer comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        fc.nat(),
        async (lines, perBlock, fromSeed, joinSeed) => {
          const key = newKey()
          const blocks = makeBlocks(lines, perBlock)
          const from = fromSeed % (lines + 1)
          const joinAt = joinSeed % (blocks.length + 1)
          await live.open(key)
          let follower: ReturnType<typeof collect> | null = null
          for (const [i, block] of blocks.entries()) {
            if (i === joinAt) follower = collect(key, from)
            await worker.append(key, block)
          }
          follower ??= collect(key, from)
          await live.close(key)
          await follower.over
          expect(numbers(follower.blocks)).toEqual(upTo(from, lines))
        },
      ),
      { numRuns: 25 },
    )
  })

  it('drops a viewer that does not read, which may resume without loss', async () => {
    const key = newKey()
    await live.open(key)
    const quick = collect(key, 0)
    const slow = live.tail(key, 0, forever)[Symbol.asyncIterator]()
    const blocks = Array.from({ length: 40 }, (_, i) => makeBlock(i, [Buffer.alloc(30_000, 'x')]))
    // It reads along for a while, so that it is past the snapshot, and then no more.
    const reading = 5
    const alongside: number[] = []
    for (const [i, block] of blocks.entries()) {
      await worker.append(key, block)
      if (i < reading) alongside.push((await slow.next()).value.first)
      await waitUntil('the quick one', () => numbers(quick.blocks).length === i + 1)
    }
    expect(alongside).toEqual(upTo(0, reading))
    const got: LineBlock[] = []
    const read = async () => {
      for (;;) {
        const { value, done } = await slow.next()
        if (done) return
        got.push(value)
      }
    }
    await expect(read()).rejects.toMatchObject({ kind: 'unavailable', code: 'viewer_too_slow' })
    const resumed = collect(key, reading + got.length)
    await live.close(key)
    await resumed.over
    await quick.over
    expect([...numbers(got), ...numbers(resumed.blocks)]).toEqual(upTo(reading, 40))
    expect(numbers(quick.blocks)).toEqual(upTo(0, 40))
  })

  it('serves two hundred followers of one stream with one connection', async () => {
    const key = newKey()
    await live.open(key)
    const followers = Array.from({ length: 200 }, () => collect(key, 0))
    const blocks = makeBlocks(50, 5)
    for (const block of blocks) await worker.append(key, block)
    await waitUntil('all', () => followers.every(({ blocks: got }) => numbers(got).length === 50))
    const clients = String(await admin.client('LIST')).split('\n')
    expect(clients.filter((line) => line.includes('name=waggle:lines-reader'))).toHaveLength(1)
    await live.close(key)
    await Promise.all(followers.map(({ over }) => over))
    for (const { blocks: got } of followers) expect(numbers(got)).toEqual(upTo(0, 50))
  })

  it('goes on after its connections were killed, and ends when the stream is lost', async () => {
    const key = newKey()
    await live.open(key)
    const follower = collect(key, 0)
    const blocks = makeBlocks(20, 1)
    for (const [i, block] of blocks.entries()) {
      if (i % 5 === 0) await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await waitUntil('the append', () => worker.append(key, block))
    }
    await waitUntil('all', () => numbers(follower.blocks).length === 20)
    expect(numbers(follower.blocks)).toEqual(upTo(0, 20))
    await admin.flushall()
    expect(await worker.append(key, makeBlock(20, [Buffer.from('x')]))).toBe(false)
    await follower.over
    expect(follower.error).toBeNull()
  })

  it('stops following when its signal fires', async () => {
    const key = newKey()
    await live.open(key)
    const stop = new AbortController()
    const follower = collect(key, 0, stop.signal)
    await worker.append(key, makeBlocks(1, 1)[0]!)
    await waitUntil('the line', () => follower.blocks.length === 1)
    stop.abort()
    await follower.over
    expect(follower.error).toBeNull()
  })

  it('skips entries that are not blocks', async () => {
    const key = newKey()
    await live.open(key)
    const follower = collect(key, 0)
    const [a, , c] = makeBlocks(9, 3)
    await worker.append(key, a!)
    await admin.xadd(keyName(key), '5-0', 'x', 'y')
    await admin.xadd(keyName(key), '6-0', 'f', '3', 'c', '3', 'd', Buffer.from([1, 200, 1, 2]))
    await admin.xadd(keyName(key), '7-0', 'f', '-1', 'c', 'NaN', 'd', '')
    await worker.append(key, c!)
    await live.close(key)
    await follower.over
    expect(numbers(follower.blocks)).toEqual([0, 1, 2, 6, 7, 8])
    expect(numbers(await live.snapshot(key))).toEqual([0, 1, 2, 6, 7, 8])
  })

  it('shows an unfinished line without numbering or keeping it', async () => {
    const key = newKey()
    await live.open(key)
    const stop = new AbortController()
    const shown: string[] = []
    const over = (async () => {
      for await (const block of live.tail(key, 0, stop.signal, (bytes) =>
        shown.push(bytes.toString()),
      ))
        expect(block.first).toBe(0)
    })()
    await waitUntil('the preview', async () => {
      await worker.preview(key, Buffer.from('Password: '))
      return shown.length > 0
    })
    expect(shown[0]).toBe('Password: ')
    expect(await live.snapshot(key)).toEqual([])
    stop.abort()
    await over
  })

  it('fails as unavailable while Redis is away', async () => {
    const key = newKey()
    await live.open(key)
    await server.crash()
    await expect(worker.append(key, makeBlocks(1, 1)[0]!)).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await expect(live.snapshot(key)).rejects.toMatchObject({ kind: 'unavailable' })
    await server.restart()
    await waitUntil('an append', async () => {
      // A Redis that was syncing its file when it died may have lost the stream.
      await live.open(key)
      return worker.append(key, makeBlocks(1, 1)[0]!)
    })
    expect(numbers(await live.snapshot(key))).toEqual([0])
  })
})
