import { Buffer } from 'node:buffer'
import {
  type Clock,
  cancelled,
  internal,
  isWaggleError,
  type LiveLog,
  type Logger,
  type LogKey,
  type LogSeal,
  type LogSegment,
  readLineBlock,
  sliceLineBlock,
} from '@waggle/domain'
import type { LineSink, StepBlock } from '@waggle/runtime'
import type { Lease } from './lease.ts'
import type { WorkerApi } from './worker-api.ts'

export interface LineSinkDeps {
  readonly liveLog: Pick<LiveLog, 'append' | 'preview'>
  readonly api: Pick<WorkerApi, 'segment' | 'reopen' | 'seal'>
  readonly lease: Lease
  /** The step's end is told long after its log's: the seal must not wait for it. */
  readonly isDetached: boolean
  readonly clock: Clock
  readonly log: Logger
}

/** Lines that the archive does not have are kept here; beyond this much of them the older part is uploaded. */
const uploadFromBytes = 2 * 1024 * 1024
/** Beyond this much the step waits. The stream in Redis, trimmed behind each upload, stays below 8 MiB (design §9). */
const holdBytes = 4 * 1024 * 1024
/** Blocks on their way to Redis before the step waits for it. */
const unsentBytes = 512 * 1024
const segmentBytes = 512 * 1024
const awayMs = 1_000

/** Takes the lines of one try of one step to the live stream and to the archive.
 *
 *  The stream is for viewers and best effort: while Redis is away nothing is said to the build, the lines reach the
 *  archive all the same. Every line is archived before `seal` resolves; the seal itself goes with the call that tells
 *  the step's end. Throws only when the lease is lost or the API cannot take the lines for good. */
export const openLineSink = (deps: LineSinkDeps, key: LogKey): LineSink =>
  new UploadingSink(deps, key)

class UploadingSink implements LineSink {
  readonly #deps: LineSinkDeps
  readonly #key: LogKey
  /** Consecutive blocks that the archive does not have. */
  #kept: StepBlock[] = []
  #keptBytes = 0
  /** The next line that the stream does not have. */
  #live = 0
  #isEnding = false
  #isAway = false
  #retry: NodeJS.Timeout | undefined
  #sending: Promise<void> | null = null
  #uploading: Promise<void> | null = null
  #failure: unknown

  constructor(deps: LineSinkDeps, key: LogKey) {
    this.#deps = deps
    this.#key = key
  }

  async append(block: StepBlock): Promise<void> {
    this.#check()
    this.#kept.push(block)
    this.#keptBytes += block.data.length
    this.#send()
    if (this.#keptBytes > uploadFromBytes) this.#startUpload()
    while (this.#keptBytes > holdBytes && this.#uploading !== null) {
      await this.#uploading
      this.#check()
      if (this.#keptBytes > holdBytes) this.#startUpload()
    }
    if (this.#sending !== null && this.#unsent() > unsentBytes) await this.#sending
  }

  async preview(bytes: Buffer): Promise<void> {
    if (this.#isAway || this.#isEnding) return
    await this.#deps.liveLog.preview(this.#key, bytes).catch(() => undefined)
  }

  async seal(seal: LogSeal): Promise<void> {
    // The seal closes the stream: an append after it would take the stream for lost and ask for a new one.
    this.#isEnding = true
    clearTimeout(this.#retry)
    await this.#sending
    await this.#uploading
    this.#check()
    await this.#upload(0)
    const { api, lease, isDetached } = this.#deps
    if (isDetached) await this.#call(() => api.seal(lease, this.#key, seal))
    else lease.addSeal({ step: this.#key.step, try: this.#key.try, seal })
  }

  #unsent(): number {
    let size = 0
    for (const block of this.#kept) if (block.first >= this.#live) size += block.data.length
    return size
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#deps.lease.state === 'lost') throw cancelled('lease_lost', 'the lease is lost')
  }

  #send(): void {
    if (this.#sending !== null || this.#isAway || this.#isEnding) return
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null
    })
  }

  async #sendAll(): Promise<void> {
    const { liveLog, lease } = this.#deps
    while (!this.#isEnding && lease.state === 'held') {
      const block = this.#kept.find((kept) => kept.first >= this.#live)
      if (block === undefined) return
      try {
        if (await liveLog.append(this.#key, block)) this.#live = block.first + block.count
        else if (!(await this.#reopen())) return
      } catch (err) {
        this.#away(err)
        return
      }
    }
  }

  /** Redis lost the stream, or it was closed: makes it again and sends all that the archive does not have. */
  async #reopen(): Promise<boolean> {
    try {
      this.#drop(await this.#deps.api.reopen(this.#deps.lease, this.#key))
      this.#live = this.#kept[0]?.first ?? this.#live
      const first = this.#kept[0]
      if (first === undefined) return false
      if (await this.#deps.liveLog.append(this.#key, first)) {
        this.#live = first.first + first.count
        return true
      }
      throw internal('stream_gone', 'the stream was made again and is not there')
    } catch (err) {
      this.#noteRefusal(err)
      this.#away(err)
      return false
    }
  }

  #away(err: unknown): void {
    if (!this.#isAway)
      this.#deps.log.debug('live lines wait for redis', { 'step.number': this.#key.step, err })
    this.#isAway = true
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.#isAway = false
      this.#send()
    }, awayMs)
    this.#retry.unref()
  }

  #startUpload(): void {
    this.#uploading ??= this.#upload(segmentBytes)
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#uploading = null
      })
  }

  /** Archives the oldest lines until at most `keepBytes` are kept. */
  async #upload(keepBytes: number): Promise<void> {
    const { api, lease } = this.#deps
    let idle = 0
    while (this.#kept.length > 0 && this.#keptBytes > keepBytes) {
      const segment = this.#oldest()
      const next = await this.#call(() => api.segment(lease, this.#key, segment))
      const before = this.#kept[0]?.first ?? 0
      if (next < before)
        throw internal(
          'archive_behind',
          `the archive lacks lines from ${next}, which were sent before`,
        )
      this.#drop(next)
      idle = next === before ? idle + 1 : 0
      if (idle > 5) throw internal('archive_stuck', 'the archive does not take the lines')
    }
  }

  /** Encoded lines can be joined as they are: the oldest blocks, up to `segmentBytes`, as one segment. */
  #oldest(): LogSegment {
    const parts: Buffer[] = []
    let size = 0
    let count = 0
    let bytes = 0
    for (const block of this.#kept) {
      if (size > 0 && size + block.data.length > segmentBytes) break
      parts.push(block.data)
      size += block.data.length
      count += block.count
      bytes += block.bytes
    }
    return { first: this.#kept[0]?.first ?? 0, count, bytes, data: Buffer.concat(parts, size) }
  }

  /** Forgets the lines below `next`. */
  #drop(next: number): void {
    while (this.#kept.length > 0) {
      const block = this.#kept[0]!
      if (block.first >= next) return
      this.#kept.shift()
      this.#keptBytes -= block.data.length
      if (block.first + block.count <= next) continue
      const rest = withBytes(sliceLineBlock(block, next))
      this.#kept.unshift(rest)
      this.#keptBytes += rest.data.length
      return
    }
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#noteRefusal(error)
      throw error
    }
  }

  #noteRefusal(error: unknown): void {
    if (isWaggleError(error, 'conflict') && error.code === 'lease_lost') this.#deps.lease.lose()
  }
}

const withBytes = (block: Pick<StepBlock, 'first' | 'count' | 'data'>): StepBlock => {
  let bytes = 0
  for (const line of readLineBlock(block)) bytes += line.bytes.length
  return { ...block, bytes }
}
