import type { ServerResponse } from 'node:http'

export interface EventStreamOptions {
  /** A ping after this long without traffic. */
  readonly pingMs?: number
  /** A stream is never older. */
  readonly lifetimeMs?: number
}

/** Server-sent events (rest-api.md §8.1). Writing never waits: `send` says whether the reader keeps up. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #signal: AbortSignal
  readonly #timers: NodeJS.Timeout[] = []
  #lastSentAt = performance.now()

  constructor(response: ServerResponse, signal: AbortSignal, options: EventStreamOptions = {}) {
    this.#response = response
    this.#signal = signal
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      // no-transform: a proxy that packs the stream would hold it back.
      'cache-control': 'no-cache, no-transform',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
    })
    response.write(': ping\n\n')
    const pingMs = options.pingMs ?? 30_000
    const ping = setInterval(() => {
      if (performance.now() - this.#lastSentAt >= pingMs && !response.writableNeedDrain)
        this.send(': ping\n\n')
    }, pingMs / 2)
    const cap = setTimeout(() => response.end(), options.lifetimeMs ?? 24 * 3_600_000)
    this.#timers.push(ping, cap)
    response.once('close', () => this.#stop())
    // The server stops: the reader comes back, to another process, and goes on where it was.
    const comeBack = () => {
      if (!response.writableEnded) response.end('retry: 1000\n\n')
    }
    // One that was made after it fired would never hear of it.
    if (signal.aborted) comeBack()
    else signal.addEventListener('abort', comeBack, { once: true })
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed && !this.#signal.aborted
  }

  /** `false` when the reader is behind; what was given is sent all the same. */
  send(frames: string): boolean {
    if (!this.isOpen) return true
    this.#lastSentAt = performance.now()
    return this.#response.write(frames)
  }

  /** Whether the reader caught up within that time, or there is none any more. */
  drained(waitMs: number): Promise<boolean> {
    const response = this.#response
    if (!this.isOpen || !response.writableNeedDrain) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (caughtUp: boolean) => {
        clearTimeout(timer)
        response.off('drain', yes)
        response.off('close', yes)
        resolve(caughtUp)
      }
      const yes = () => end(true)
      const timer = setTimeout(() => end(false), waitMs)
      response.once('drain', yes)
      response.once('close', yes)
    })
  }

  /** Calls back when the reader caught up. */
  onDrain(listener: () => void): void {
    this.#response.on('drain', listener)
  }

  /** Resolves when the stream is over, whoever ended it. */
  closed(): Promise<void> {
    if (!this.isOpen) return Promise.resolve()
    return new Promise((resolve) => {
      this.#response.once('close', resolve)
      this.#signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** The normal end: the final frame, then the connection is closed. */
  finish(): void {
    this.send('event: error\ndata: eof\n\n')
    this.#response.end()
  }

  /** Cuts the stream off: its reader resumes. */
  drop(): void {
    this.#response.destroy()
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
