import {
  type LineBlock,
  LineBlockWriter,
  type LogArchive,
  type LogKey,
  type LogSeal,
  type LogSegment,
  readLineBlock,
  silentLogger,
} from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveLines, openLiveLog } from './live-lines.ts'
import { readArchivedLines, readStepLog } from './read-step-log.ts'

/** What a database does, in memory: segments that follow each other, then a seal. */
class Archive implements Pick<LogArchive, 'append' | 'read' | 'seal' | 'findSeal'> {
  readonly #segments: LogSegment[] = []
  #seal: LogSeal | null = null

  async append(_key: LogKey, _stepId: number, segment: LogSegment): Promise<number> {
    const last = this.#segments.at(-1)
    const next = last ? last.first + last.count : 0
    if (segment.first !== next) return next
    this.#segments.push(segment)
    return next + segment.count
  }

  async seal(_key: LogKey, _stepId: number, seal: LogSeal): Promise<LogSeal> {
    this.#seal ??= seal
    return this.#seal
  }

  async findSeal(): Promise<LogSeal | null> {
    return this.#seal
  }

  async *read(_key: LogKey, from: number): AsyncGenerator<LogSegment> {
    for (const segment of [...this.#segments])
      if (segment.first + segment.count > from) yield segment
  }
}

let stage = 0
const newKey = (): LogKey => ({ stageId: ++stage, attempt: 1, step: 1, try: 1 })
const makeBlock = (first: number, count: number) => {
  const writer = new LineBlockWriter()
  for (let i = 0; i < count; i++) writer.add(first + i, 0, Buffer.from(`line ${first + i}\n`))
  return writer.take()
}
const sealOf = (lines: number): LogSeal => ({ lines, bytes: 0, crc32: 0, gap: '' })
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const numbers = (blocks: readonly LineBlock[]): number[] =>
  blocks.flatMap((block) => [...readLineBlock(block)].map((line) => line.number))

describe('reading a log', () => {
  let server: TestRedis
  let admin: Redis
  let live: LiveLines
  beforeAll(async () => {
    server = await startRedis({ persistent: false })
    admin = new Redis(server.url)
    live = openLiveLog({ redis: { url: server.url, prefix: '{r}' }, log: silentLogger })
  })
  afterAll(async () => {
    await live.close()
    admin.disconnect()
    await server.stop()
  })

  const read = (archive: Archive, key: LogKey, from: number, signal?: AbortSignal) => {
    const blocks: LineBlock[] = []
    const over = (async () => {
      const log = readStepLog({ archive, live }, key, from, signal ?? new AbortController().signal)
      for (;;) {
        const { value, done } = await log.next()
        if (done) return value
        blocks.push(value)
      }
    })()
    return { blocks, over }
  }

  it('gives every line once, wherever the archive and the stream stand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat({ max: 3 }), { minLength: 20, maxLength: 20 }),
        fc.nat(),
        async (sizes, moves, fromSeed) => {
          const key = newKey()
          const archive = new Archive()
          const lines = sizes.reduce((sum, size) => sum + size, 0)
          const from = fromSeed % (lines + 1)
          await live.open(key)
          const viewers = [read(archive, key, from)]
          let first = 0
          const upload = async () => {
            for (const block of await live.snapshot(key)) {
              const next = await archive.append(key, 1, { ...block, bytes: 0 })
              await live.trim(key, next)
            }
          }
          for (const [i, size] of sizes.entries()) {
            await live.append(key, makeBlock(first, size))
            first += size
            if (moves[i] === 0) await upload()
            if (moves[i] === 1) viewers.push(read(archive, key, from))
          }
          await upload()
          await archive.seal(key, 1, sealOf(lines))
          viewers.push(read(archive, key, from))
          await live.close(key)
          for (const viewer of viewers) {
            expect(await viewer.over).toEqual(sealOf(lines))
            expect(numbers(viewer.blocks)).toEqual(upTo(from, lines))
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  it('ends without a seal where the step is gone', async () => {
    const key = newKey()
    await live.open(key)
    await live.append(key, makeBlock(0, 4))
    let isGone = false
    const deps = { archive: new Archive(), live, isGone: async () => isGone }
    const log = readStepLog(deps, key, 0, new AbortController().signal)
    expect(numbers([(await log.next()).value as LineBlock])).toEqual([0, 1, 2, 3])
    isGone = true
    await live.close(key)
    expect(await log.next()).toEqual({ value: null, done: true })
  })

  it('waits for a lost stream to be opened again', async () => {
    const key = newKey()
    const archive = new Archive()
    await live.open(key)
    const viewer = read(archive, key, 0)
    await live.append(key, makeBlock(0, 4))
    await waitUntil('the first lines', () => numbers(viewer.blocks).length === 4)
    await admin.flushall()
    expect(await live.append(key, makeBlock(4, 3))).toBe(false)
    await live.open(key)
    // Again from the first line that is not archived.
    await live.append(key, makeBlock(0, 4))
    await live.append(key, makeBlock(4, 3))
    await waitUntil('the rest', () => numbers(viewer.blocks).length === 7)
    await archive.append(key, 1, { ...makeBlock(0, 7), bytes: 0 })
    await archive.seal(key, 1, sealOf(7))
    await live.close(key)
    expect(await viewer.over).toEqual(sealOf(7))
    expect(numbers(viewer.blocks)).toEqual(upTo(0, 7))
  })

  it('ends with the seal when there never was a stream', async () => {
    const archive = new Archive()
    const key = newKey()
    const viewer = read(archive, key, 0)
    await archive.seal(key, 1, { ...sealOf(0), gap: 'worker lost' })
    expect(await viewer.over).toEqual({ ...sealOf(0), gap: 'worker lost' })
  })

  it('stops when its signal fires', async () => {
    const stop = new AbortController()
    const viewer = read(new Archive(), newKey(), 0, stop.signal)
    stop.abort()
    expect(await viewer.over).toBeNull()
  })

  it('gives archived lines from any line on', async () => {
    const archive = new Archive()
    const key = newKey()
    await archive.append(key, 1, { ...makeBlock(0, 5), bytes: 0 })
    await archive.append(key, 1, { ...makeBlock(5, 5), bytes: 0 })
    const got: number[] = []
    for await (const line of readArchivedLines(archive, key, 3)) got.push(line.number)
    expect(got).toEqual(upTo(3, 10))
  })
})
