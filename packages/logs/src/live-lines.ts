import { setTimeout as delay } from 'node:timers/promises'
import { isWaggleError, type LineBlock, type LiveLog, type LogKey } from '@waggle/domain'
import { ask, connectRedis, type Redis, type RedisDeps } from '@waggle/redis'
import { Follower } from './follower.ts'
import {
  blockId,
  endId,
  idBefore,
  openingId,
  parseEntry,
  previewChannel,
  type RawEntry,
  streamKey,
} from './line-entry.ts'
import { appendScript, closeScript, openScript } from './line-scripts.ts'
import { PreviewChannels } from './preview-channels.ts'
import { StreamReader } from './stream-reader.ts'

/** How long a closed stream is kept, for viewers that are a little behind. */
const closedSeconds = 60
const pageEntries = 32
const retryMs = 200
/** A worker keeps its stream below 8 MiB (design §9); far beyond that somebody else wrote it. */
const snapshotLimitBytes = 64 * 1024 * 1024
const previewLimitBytes = 64 * 1024

/** The live side with its end: `close()` without a key ends all followers and the connections. */
export type LiveLines = LiveLog & { close(): Promise<void> }

/** Opens the live side of the logs: one Redis stream per try of a step, one entry per flush (measured.md §4). Does not
 *  wait for Redis: every call fails as `unavailable` within two seconds while it is away. */
export const openLiveLog = (deps: RedisDeps): LiveLines => new RedisLiveLog(deps)

class RedisLiveLog implements LiveLog {
  readonly #deps: RedisDeps
  readonly #prefix: string
  readonly #redis: LineRedis
  readonly #reader: StreamReader
  readonly #previews: PreviewChannels
  #isClosed = false

  constructor(deps: RedisDeps) {
    this.#deps = deps
    this.#prefix = deps.redis.prefix
    // Subscribed to again by PreviewChannels itself.
    this.#redis = connectRedis(deps, 'lines', { autoResubscribe: false }) as LineRedis
    this.#redis.defineCommand('appendLines', { numberOfKeys: 1, lua: appendScript })
    this.#reader = new StreamReader(deps, this.#redis)
    this.#previews = new PreviewChannels(this.#redis)
  }

  async open(key: LogKey): Promise<void> {
    const name = streamKey(this.#prefix, key)
    await ask(this.#redis, () => this.#redis.eval(openScript, 1, name, openingId))
  }

  async append(key: LogKey, block: LineBlock): Promise<boolean> {
    if (block.count === 0) return true
    const { first, count, data } = block
    const name = streamKey(this.#prefix, key)
    const answer = await ask(this.#redis, () =>
      this.#redis.appendLines(name, blockId(block), first, count, data, endId),
    )
    return answer === 1
  }

  async preview(key: LogKey, bytes: Buffer): Promise<void> {
    const shown = bytes.subarray(0, previewLimitBytes)
    await ask(this.#redis, () => this.#redis.publish(previewChannel(this.#prefix, key), shown))
  }

  async trim(key: LogKey, line: number): Promise<void> {
    const name = streamKey(this.#prefix, key)
    await ask(this.#redis, () => this.#redis.xtrim(name, 'MINID', idBefore(line + 1)))
  }

  async close(key?: LogKey): Promise<void> {
    if (key === undefined) {
      this.#isClosed = true
      await this.#reader.close()
      this.#redis.disconnect(false)
      return
    }
    const name = streamKey(this.#prefix, key)
    await ask(this.#redis, () => this.#redis.eval(closeScript, 1, name, endId, closedSeconds))
  }

  async snapshot(key: LogKey): Promise<readonly LineBlock[]> {
    const held = new Follower(0)
    const blocks: LineBlock[] = []
    let bytes = 0
    for await (const page of this.#pages(key, 0)) {
      for (const block of page.blocks) {
        // Two writers cut their blocks differently (design §7): each line is given once.
        const part = held.accept(block)
        if (part) blocks.push(part)
        bytes += block.data.length
      }
      if (bytes > snapshotLimitBytes) {
        this.#deps.log.warn('log stream is too large, cut', { name: streamKey(this.#prefix, key) })
        break
      }
    }
    return blocks
  }

  async *tail(
    key: LogKey,
    from: number,
    signal: AbortSignal,
    onPreview?: (bytes: Buffer) => void,
  ): AsyncGenerator<LineBlock> {
    const name = streamKey(this.#prefix, key)
    const follower = new Follower(from)
    const unwatch = onPreview
      ? this.#previews.watch(previewChannel(this.#prefix, key), onPreview)
      : () => undefined
    let isAdded = false
    try {
      // At the viewer's own pace, from the stream, until its end comes near; then once more while the reader already
      // gives it what is new. What comes both ways is told apart by its line numbers.
      for (;;) {
        let isClosed = false
        for await (const page of this.#pages(key, follower.next, signal)) {
          for (const block of page.blocks) {
            const part = follower.accept(block)
            if (part) yield part
            if (signal.aborted) return
          }
          isClosed = page.isClosed
        }
        if (isClosed || signal.aborted || this.#isClosed) return
        if (isAdded && follower.goLive()) break
        if (!isAdded) this.#reader.add(name, follower)
        isAdded = true
      }
      if ((await this.#patiently(() => this.#redis.exists(name), signal)) === 0) return
      yield* follower.blocks(signal)
    } finally {
      unwatch()
      if (isAdded) this.#reader.remove(name, follower)
    }
  }

  /** What the stream holds from line `from` on, page by page. With a signal it waits for Redis until that fires. */
  async *#pages(
    key: LogKey,
    from: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly blocks: readonly LineBlock[]; readonly isClosed: boolean }> {
    const name = streamKey(this.#prefix, key)
    let after = idBefore(from)
    for (;;) {
      const start = `(${after}`
      const read = () => this.#redis.xrangeBuffer(name, start, '+', 'COUNT', pageEntries)
      const reply = signal ? await this.#patiently(read, signal) : await ask(this.#redis, read)
      const raw = (reply ?? []) as readonly RawEntry[]
      const entries = raw.map((entry) => parseEntry(entry))
      if (entries.includes('broken'))
        this.#deps.log.warn('entry of a log stream is broken, skipped', { name })
      const blocks = entries.filter((entry) => typeof entry !== 'string')
      yield { blocks, isClosed: entries.includes('end') }
      if (raw.length < pageEntries) return
      after = raw.at(-1)?.[0].toString('latin1') ?? after
    }
  }

  /** A follower outlives an outage: asks again until Redis answers; `null` when the signal fired. */
  async #patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    while (!signal.aborted) {
      try {
        return await ask(this.#redis, work)
      } catch (error) {
        if (!isWaggleError(error) || error.code !== 'redis_unavailable') throw error
        await delay(retryMs, undefined, { signal }).catch(() => undefined)
        if (this.#isClosed) return null
      }
    }
    return null
  }
}

type LineRedis = Redis & {
  appendLines(
    key: string,
    id: string,
    first: number,
    count: number,
    data: Buffer,
    end: string,
  ): Promise<unknown>
}
