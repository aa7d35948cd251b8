import type { IncomingMessage } from 'node:http'
import type { StepOutputSink } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { type Checkpoint, LogFrames, sinceOf, startOf } from './log-frames.ts'

/** How one reading of the log ended: at its end, by a broken connection, or by what `onSilence` said. */
export type LogEnd = 'ended' | 'broken' | 'reopen' | 'cut'

export interface FollowOptions {
  readonly silentMs: number
  /** Asked each time the log was silent for `silentMs`; `totalMs` is the whole silence so far. */
  onSilence(totalMs: number): Promise<'go-on' | 'reopen' | 'cut'>
  readonly signal: AbortSignal
}

/** Reads the log of one container to its end into a sink, as often as it takes: what was delivered is not delivered
 *  again. The engine's log is read, not the container's output (`attach`), so that a dead or slow reader neither
 *  blocks the container nor loses a byte (reliability.md M-8). */
export class LogFollower {
  readonly #client: EngineClient
  readonly #id: string
  readonly #output: StepOutputSink
  #deliveredBytes = 0
  #checkpoint: Checkpoint | null = null

  constructor(client: EngineClient, id: string, output: StepOutputSink) {
    this.#client = client
    this.#id = id
    this.#output = output
  }

  /** Reads on as the container writes. */
  follow(options: FollowOptions): Promise<LogEnd> {
    return this.#read(true, options)
  }

  /** Reads what an ended container's log still holds. Needed after each `follow`: engine 20.10 sometimes ends the
   *  reading of a container that exits in the middle of it (measured: 1 of 12 with 20,000 lines at once). */
  drain(options: FollowOptions): Promise<LogEnd> {
    return this.#read(false, options)
  }

  async #read(isFollowing: boolean, options: FollowOptions): Promise<LogEnd> {
    const from = this.#checkpoint
    const stream = await this.#client.stream('GET', `/containers/${this.#id}/logs`, {
      query: {
        follow: String(isFollowing),
        stdout: 'true',
        stderr: 'true',
        timestamps: 'true',
        ...(from ? { since: sinceOf(from) } : {}),
      },
      signal: options.signal,
    })
    const guard = new SilenceGuard(stream, options)
    try {
      await this.#take(stream, from, guard)
      return guard.verdict ?? 'ended'
    } catch (error) {
      if (guard.verdict) return guard.verdict
      if (isConnectionError(error)) return 'broken'
      throw error
    } finally {
      guard.end()
      stream.destroy()
    }
  }

  async #take(
    stream: IncomingMessage,
    from: Checkpoint | null,
    guard: SilenceGuard,
  ): Promise<void> {
    const frames = new LogFrames(from)
    let skip = this.#deliveredBytes - startOf(from)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      guard.hold()
      for (const { bytes, timeMs } of frames.push(chunk)) {
        const isNew = bytes.length > skip
        const fresh = isNew ? bytes.subarray(skip) : bytes
        skip -= Math.min(skip, bytes.length)
        if (!isNew) continue
        // Counted first: a sink that fails ends the step, it is never given the same bytes twice.
        this.#deliveredBytes += fresh.length
        await this.#output.write(fresh, timeMs)
      }
      if (skip === 0) this.#checkpoint = frames.checkpoint
      guard.watch()
    }
  }
}

const isConnectionError = (error: unknown): boolean => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code !== undefined && connectionCodes.has(code)
}

const connectionCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ABORT_ERR',
  'HPE_INVALID_CHUNK_SIZE',
  'HPE_INVALID_EOF_STATE',
])

/** Watches one reading for silence; time in which the reader itself waits for its sink does not count. */
class SilenceGuard {
  verdict: 'reopen' | 'cut' | null = null
  readonly #stream: IncomingMessage
  readonly #options: FollowOptions
  #timer: NodeJS.Timeout | undefined
  #silentMs = 0
  #chunks = 0

  constructor(stream: IncomingMessage, options: FollowOptions) {
    this.#stream = stream
    this.#options = options
    this.watch()
  }

  hold(): void {
    clearTimeout(this.#timer)
    this.#silentMs = 0
    this.#chunks++
  }

  watch(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#ask(), this.#options.silentMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#chunks = -1
  }

  async #ask(): Promise<void> {
    this.#silentMs += this.#options.silentMs
    const before = this.#chunks
    const answer = await this.#options.onSilence(this.#silentMs).catch(() => 'reopen' as const)
    // Bytes came meanwhile, or the reading is over.
    if (this.#chunks !== before) return
    if (answer === 'go-on') {
      this.watch()
      return
    }
    this.verdict = answer
    this.#stream.destroy()
  }
}
