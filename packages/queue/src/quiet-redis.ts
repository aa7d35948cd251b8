import type { Logger } from '@waggle/domain'
import { ask, type Redis } from '@waggle/redis'

/** The commands of a consumer that may fail: everything they do is made good by the next sweep or stalled check. */
export class QuietRedis {
  readonly redis: Redis
  readonly #log: Logger

  constructor(redis: Redis, log: Logger) {
    this.redis = redis
    this.#log = log
  }

  async do(work: () => Promise<unknown>): Promise<void> {
    try {
      await ask(this.redis, work)
    } catch (err) {
      this.note(err)
    }
  }

  note(err: unknown): void {
    this.#log.debug('queue connection error', { err })
  }
}
