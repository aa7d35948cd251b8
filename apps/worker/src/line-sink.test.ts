import { randomUUID } from 'node:crypto'
import {
  conflict,
  LineBlockWriter,
  type LogSeal,
  type LogSegment,
  readLineBlock,
  silentLogger,
  systemClock,
  unavailable,
} from '@waggle/domain'
import { openLiveLog } from '@waggle/logs'
import { startRedis, type TestRedis, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Lease } from './lease.ts'
import { openLineSink } from './line-sink.ts'

let redis: TestRedis
let live: ReturnType<typeof openLiveLog>

/** The API's side of a log: what it archived, in the protocol's words. */
const archive = (openStream: () => Promise<void>) => {
  const lines: string[] = []
  const segments: LogSegment[] = []
  let sealed: LogSeal | null = null
  return {
    lines,
    segments,
    get sealed() {
      return sealed
    },
    api: {
      segment: async (_: unknown, __: unknown, segment: LogSegment) => {
        segments.push(segment)
        if (segment.first === lines.length)
          for (const line of readLineBlock(segment)) lines.push(line.bytes.toString())
        return lines.length
      },
      reopen: async () => {
        await openStream()
        return lines.length
      },
      seal: async (_: unknown, __: unknown, seal: LogSeal) => {
        sealed = seal
      },
    },
  }
}

let stage = 0
const open = async () => {
  const key = { stageId: ++stage, attempt: 1, step: 1, try: 1 }
  const lease = new Lease({ stageId: key.stageId, attempt: 1 }, randomUUID())
  await live.open(key)
  const kept = archive(() => live.open(key))
  const deps = {
    liveLog: live,
    api: kept.api,
    lease,
    isDetached: false,
    clock: systemClock,
    log: silentLogger,
  }
  return { key, lease, kept, deps, sink: openLineSink(deps, key) }
}

const blockOf = (first: number, lines: readonly string[]) => {
  const writer = new LineBlockWriter()
  for (const [i, line] of lines.entries()) writer.add(first + i, 0, Buffer.from(line))
  return writer.take()
}

const streamed = async (key: Awaited<ReturnType<typeof open>>['key']): Promise<string[]> =>
  (await live.snapshot(key)).flatMap((block) =>
    [...readLineBlock(block)].map((line) => line.bytes.toString()),
  )

const seal: LogSeal = { lines: 0, bytes: 0, crc32: 0, gap: '' }

describe('openLineSink', () => {
  beforeAll(async () => {
    redis = await startRedis()
    live = openLiveLog({ redis: { url: redis.url, prefix: '{test}' }, log: silentLogger })
  })
  afterAll(async () => {
    await live.close()
    await redis.stop()
  })

  it('appends every line to the stream and archives all of them before the seal', async () => {
    const { lease, key, kept, sink } = await open()
    await sink.append(blockOf(0, ['a\n', 'b\n']))
    await sink.append(blockOf(2, ['c\n']))
    await waitUntil('the stream to hold them', async () => (await streamed(key)).length === 3)
    expect(await streamed(key)).toEqual(['a\n', 'b\n', 'c\n'])
    await sink.seal({ ...seal, lines: 3 })
    expect(kept.lines).toEqual(['a\n', 'b\n', 'c\n'])
    expect(lease.seals).toMatchObject([{ step: 1, try: 1, seal: { lines: 3 } }])
    expect(kept.sealed).toBeNull()
  })

  it('leaves the seal to the call that tells the end of the step, also of a log without lines', async () => {
    const { kept, lease, sink } = await open()
    await sink.seal(seal)
    expect(lease.seals).toEqual([{ step: 1, try: 1, seal }])
    expect(kept.sealed).toBeNull()
    const told = lease.seals
    lease.addSeal({ step: 2, try: 1, seal })
    lease.dropSeals(told)
    expect(lease.seals).toEqual([{ step: 2, try: 1, seal }])
  })

  it('seals the log of a detached step at once: its end is told much later', async () => {
    const { kept, lease, deps, key } = await open()
    await openLineSink({ ...deps, isDetached: true }, key).seal(seal)
    expect(kept.sealed).toEqual(seal)
    expect(lease.seals).toEqual([])
  })

  it('makes a lost stream again and sends what the archive does not have', async () => {
    const { key, kept, sink } = await open()
    await sink.append(blockOf(0, ['a\n']))
    await waitUntil('the first line', async () => (await streamed(key)).length === 1)
    await redis.command('FLUSHALL')
    await sink.append(blockOf(1, ['b\n']))
    await waitUntil('both lines', async () => (await streamed(key)).length === 2)
    expect(await streamed(key)).toEqual(['a\n', 'b\n'])
    await sink.seal(seal)
    expect(kept.lines).toEqual(['a\n', 'b\n'])
  })

  it('uploads the older part of much output in time, in order and without a gap', async () => {
    const { kept, sink } = await open()
    const line = `${'x'.repeat(999)}\n`
    const all = 20_000
    let most = 0
    for (let first = 0; first < all; first += 40) {
      await sink.append(blockOf(first, Array(40).fill(line)))
      most = Math.max(most, first + 40 - kept.lines.length)
    }
    // Never more than 8 MiB beyond the archive.
    expect(most * 1_000).toBeLessThan(8 * 1024 * 1024)
    await sink.seal(seal)
    expect(kept.lines.length).toBe(all)
    expect(Math.max(...kept.segments.map((segment) => segment.data.length))).toBeLessThan(
      2 * 1024 * 1024,
    )
    expect(kept.segments.every((one) => one.bytes === one.count * 1_000)).toBe(true)
  })

  it('goes on from the line that the archive names, also inside a block', async () => {
    const { kept, sink } = await open()
    await sink.append(blockOf(0, ['a\n', 'b\n', 'c\n']))
    // An earlier upload whose answer was lost.
    kept.lines.push('a\n')
    await sink.seal(seal)
    expect(kept.lines).toEqual(['a\n', 'b\n', 'c\n'])
    expect(kept.segments.at(-1)).toMatchObject({ first: 1, count: 2, bytes: 4 })
  })

  it('throws nothing while redis is away, and archives every line', async () => {
    const { kept, deps, key } = await open()
    const away = {
      append: () => Promise.reject(unavailable('redis_unavailable', 'away')),
      preview: () => Promise.reject(unavailable('redis_unavailable', 'away')),
    }
    const sink = openLineSink({ ...deps, liveLog: away }, key)
    await sink.append(blockOf(0, ['a\n']))
    await sink.preview(Buffer.from('b'))
    await sink.append(blockOf(1, ['b\n']))
    await sink.seal(seal)
    expect(kept.lines).toEqual(['a\n', 'b\n'])
  })

  it('loses the lease when the archive refuses it, and says nothing more', async () => {
    const { lease, deps, key } = await open()
    const api = {
      ...deps.api,
      segment: () => Promise.reject(conflict('lease_lost', 'not yours')),
    }
    const sink = openLineSink({ ...deps, api }, key)
    await sink.append(blockOf(0, ['a\n']))
    await expect(sink.seal(seal)).rejects.toMatchObject({ code: 'lease_lost' })
    expect(lease.state).toBe('lost')
    await expect(sink.append(blockOf(1, ['b\n']))).rejects.toMatchObject({ kind: 'cancelled' })
  })
})
