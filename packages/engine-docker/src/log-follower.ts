import type { IncomingMessage } from 'node:http'
import type { StepOutputSink } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { LogFrames, type LogPiece, sinceOf } from './log-frames.ts'

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
  #stamp = ''
  #bytesAtStamp = 0

  constructor(client: EngineClient, id: string, output: StepOutputSink) {
    this.#client = client
    this.#id = id
    this.#output = output
  }

  async follow(options: FollowOptions): Promise<LogEnd> {
    // Reading again from the start and skipping by count is exact. By time it is cheaper, and exact but for records
    // of the two streams that cross at that very moment: only for much output, where reading again takes seconds.
    const byTime = this.#stamp !== '' && this.#deliveredBytes > rereadLimitBytes
    const stream = await this.#client.stream('GET', `/containers/${this.#id}/logs`, {
      query: {
        follow: 'true',
        stdout: 'true',
        stderr: 'true',
        timestamps: 'true',
        ...(byTime ? { since: sinceOf(this.#stamp) } : {}),
      },
      signal: options.signal,
    })
    const frames = new LogFrames()
    let skip = byTime ? this.#bytesAtStamp : this.#deliveredBytes
    const guard = new SilenceGuard(stream, options)
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        guard.hold()
        for (const piece of frames.push(chunk)) {
          const fresh = piece.bytes.length > skip ? piece.bytes.subarray(skip) : empty
          skip -= Math.min(skip, piece.bytes.length)
          if (fresh.length > 0) await this.#deliver({ bytes: fresh, timeMs: piece.timeMs })
        }
        this.#note(frames)
        guard.watch()
      }
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

  async #deliver(piece: LogPiece): Promise<void> {
    // Counted first: a sink that fails ends the step, it is never given the same bytes twice.
    this.#deliveredBytes += piece.bytes.length
    await this.#output.write(piece.bytes, piece.timeMs)
  }

  #note(frames: LogFrames): void {
    if (frames.stamp < this.#stamp) return
    this.#stamp = frames.stamp
    this.#bytesAtStamp = frames.bytesAtStamp
  }
}

const empty = Buffer.alloc(0)
const rereadLimitBytes = 64 * 1024 * 1024

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
