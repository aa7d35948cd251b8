import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis, type Redis, type RedisDeps, whenReady } from '@waggle/redis'

/** What a wait ended with. `unsure`: a marker may have been popped whose answer was lost, so look for yourself. */
export type MarkerHit = { readonly key: string; readonly score: number } | 'nothing' | 'unsure'

/** The connection that blocks until one of many markers is set. */
export class MarkerWait {
  readonly #redis: Redis
  readonly #blockSeconds: number
  #interrupt: ((hit: MarkerHit) => void) | null = null
  readonly #closing = new AbortController()

  constructor(deps: RedisDeps, workerId: string, blockSeconds: number) {
    this.#blockSeconds = blockSeconds
    this.#redis = connectRedis(deps, `${workerId}:wait`, {
      // Its one command may take long, and has its own watchdog.
      commandTimeout: undefined,
      socketTimeout: undefined,
    })
    // ioredis forgets the pending BZPOPMIN of a lost connection: its promise never settles.
    this.#redis.on('close', () => this.#interrupt?.('unsure'))
  }

  /** Blocks on the keys, which are served from left to right. Never throws for a lost connection. */
  async wait(keys: readonly string[]): Promise<MarkerHit> {
    const { signal } = this.#closing
    if (!(await whenReady(this.#redis, 60_000, signal))) {
      await delay(500, undefined, { signal }).catch(() => undefined)
      return 'nothing'
    }
    if (signal.aborted) return 'nothing'
    let watchdog: NodeJS.Timeout | undefined
    const over = new Promise<MarkerHit>((resolve) => {
      this.#interrupt = resolve
      watchdog = setTimeout(
        () => {
          // A half-open socket: the answer is long overdue.
          this.#redis.disconnect(true)
          resolve('unsure')
        },
        this.#blockSeconds * 1_000 + 1_500,
      )
    })
    try {
      const pop = this.#redis.bzpopmin(...(keys as [string, ...string[]]), this.#blockSeconds)
      pop.catch(() => undefined)
      return await Promise.race([pop.then(toHit), over])
    } finally {
      clearTimeout(watchdog)
      this.#interrupt = null
    }
  }

  close(): void {
    this.#closing.abort()
    this.#interrupt?.('nothing')
    this.#redis.disconnect(false)
  }
}

const toHit = (reply: unknown): MarkerHit => {
  if (!Array.isArray(reply)) return 'nothing'
  return { key: String(reply[0]), score: Number(reply[2]) }
}
