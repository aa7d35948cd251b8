import type { Clock, Database } from '@waggle/domain'
import type { ServerLoad } from '@waggle/telemetry'

/** A reading is good for so many times as long as it took. */
const rest = 20

/** What the metrics show of the database. Counting what waits costs in proportion to it, a second for a million stages,
 *  so who asks shares a reading that is under way and then uses it again: counting takes at most a twentieth of the
 *  time, however often and by how many it is asked. */
export class LoadReader {
  readonly #database: Database
  readonly #clock: Pick<Clock, 'monotonic'>
  #last: { readonly load: ServerLoad; readonly goodUntil: number } | null = null
  #reading: Promise<ServerLoad> | null = null

  constructor(database: Database, clock: Pick<Clock, 'monotonic'>) {
    this.#database = database
    this.#clock = clock
  }

  /** Throws what the database throws. */
  read(): Promise<ServerLoad> {
    const last = this.#last
    if (last && this.#clock.monotonic() < last.goodUntil) return Promise.resolve(last.load)
    this.#reading ??= this.#count().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #count(): Promise<ServerLoad> {
    const { builds, stages, users, repos, webhookCalls } = this.#database
    const begin = this.#clock.monotonic()
    const [nowMs, byStatus, partitions, userCount, activeRepos, webhooks] = await Promise.all([
      this.#database.now(),
      builds.countByStatus(),
      stages.loadByPartition(),
      users.count(),
      repos.countActive(),
      webhookCalls.lines(),
    ])
    const load = { nowMs, builds: byStatus, partitions, users: userCount, activeRepos, webhooks }
    const end = this.#clock.monotonic()
    this.#last = { load, goodUntil: end + rest * (end - begin) }
    return load
  }
}
