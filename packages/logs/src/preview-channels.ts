import type { Redis } from '@waggle/redis'

type Listener = (bytes: Buffer) => void

/** Who wants to see which unfinished lines, on a connection that also carries commands (RESP3 allows both). */
export class PreviewChannels {
  readonly #redis: Redis
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(redis: Redis) {
    this.#redis = redis
    redis.on('messageBuffer', (channel: Buffer, bytes: Buffer) => {
      for (const listener of this.#listeners.get(channel.toString()) ?? []) listener(bytes)
    })
    redis.on('ready', () => {
      for (const channel of this.#listeners.keys()) this.#subscribe(channel)
    })
  }

  /** Gives what ends the watching. A preview may be lost, so nothing here waits or fails. */
  watch(channel: string, listener: Listener): () => void {
    const known = this.#listeners.get(channel)
    if (known) known.add(listener)
    else {
      this.#listeners.set(channel, new Set([listener]))
      this.#subscribe(channel)
    }
    return () => {
      const listeners = this.#listeners.get(channel)
      if (!listeners?.delete(listener) || listeners.size > 0) return
      this.#listeners.delete(channel)
      this.#redis.unsubscribe(channel).catch(() => undefined)
    }
  }

  #subscribe(channel: string): void {
    this.#redis.subscribe(channel).catch(() => undefined)
  }
}
