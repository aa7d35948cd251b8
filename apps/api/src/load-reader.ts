import type { Clock, Database } from '@waggle/domain'
import type { ServerLoad } from '@waggle/telemetry'

/** A reading is good for so many times as long as it took. */
const rest = 20

/** Whoever asks waits for a reading that takes no longer. */
const patienceMs = 100

/** What took longer is counted anew behind the answer, which is the reading before, unless that is older than this. */
const staleMs = 120_000

interface Reading {
  readonly load: ServerLoad
  readonly atMs: number
  readonly tookMs: number
}

/** What the metrics show of the database. Counting what waits costs in proportion to it, a second for a million stages,
 *  so who asks shares a reading that is under way and then uses it again: counting takes at most a twentieth of the
 *  time, however often and by how many it is asked. Nor does anybody wait for a long one but the first: a reading says
 *  how old it is. */
export class LoadReader {
  readonly #database: Database
  readonly #clock: Pick<Clock, 'monotonic'>
  #last: Reading | null = null
  #reading: Promise<Reading> | null = null

  constructor(database: Database, clock: Pick<Clock, 'monotonic'>) {
    this.#database = database
    this.#clock = clock
  }

  /** Throws what the database throws, unless there is a reading that is not too old. */
  async read(): Promise<ServerLoad> {
    const last = this.#last
    if (last && this.#ageMs(last) < last.tookMs * (rest + 1)) return this.#shown(last)
    this.#reading ??= this.#count().finally(() => {
      this.#reading = null
    })
    const reading = this.#reading
    if (last && last.tookMs > patienceMs && this.#ageMs(last) < staleMs) {
      // The next who asks hears of a failure, at the latest when this reading is too old.
      reading.catch(() => undefined)
      return this.#shown(last)
    }
    return this.#shown(await reading)
  }

  #ageMs({ atMs }: Reading): number {
    return this.#clock.monotonic() - atMs
  }

  #shown(reading: Reading): ServerLoad {
    return { ...reading.load, ageMs: this.#ageMs(reading) }
  }

  async #count(): Promise<Reading> {
    const { builds, stages, users, repos, webhookCalls } = this.#database
    const atMs = this.#clock.monotonic()
    const [nowMs, byStatus, partitions, userCount, activeRepos, webhooks] = await Promise.all([
      this.#database.now(),
      builds.countByStatus(),
      stages.loadByPartition(),
      users.count(),
      repos.countActive(),
      webhookCalls.lines(),
    ])
    const load = { nowMs, builds: byStatus, partitions, users: userCount, activeRepos, webhooks }
    const reading = { load, atMs, tookMs: this.#clock.monotonic() - atMs }
    this.#last = reading
    return reading
  }
}
