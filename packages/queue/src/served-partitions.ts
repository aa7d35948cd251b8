import { canServe, type Logger, type WorkerProfile } from '@waggle/domain'
import { ask } from '@waggle/redis'
import type { PartitionChange } from './partition-change.ts'
import { PartitionDirectory } from './partition-directory.ts'
import { queueKeys } from './queue-keys.ts'
import type { QuietRedis } from './quiet-redis.ts'

export interface ServedPartitionsOptions {
  readonly quiet: QuietRedis
  readonly prefix: string
  readonly workerId: string
  readonly profile: WorkerProfile
  readonly log: Logger
  /** Fires when the consumer stops: from then on nothing is followed. */
  readonly signal: AbortSignal
  /** From now on these and no others are served. */
  readonly onChange: (names: ReadonlySet<string>) => Promise<void>
}

const restMs = 1_000

/** The partitions that a worker serves: whose turn it is, and which of them rest after a failed fetch. */
export class ServedPartitions {
  readonly #options: ServedPartitionsOptions
  readonly #directory: PartitionDirectory
  /** The worker's private marker, which ends its blocking wait. */
  readonly bell: string
  /** Rotated: BZPOPMIN serves its keys from left to right, so who was served goes to the end. */
  #order: string[] = []
  /** When those that rest are asked again (monotonic milliseconds). */
  readonly #restUntil = new Map<string, number>()
  #servedRevision = -1
  #ringing = false
  #ringsAgain = false

  constructor(options: ServedPartitionsOptions) {
    const { quiet, prefix, workerId, log, profile } = options
    this.#options = options
    this.#directory = new PartitionDirectory(quiet.redis, prefix, log, (partition) =>
      canServe(profile, partition),
    )
    this.bell = queueKeys(prefix).bell(workerId)
  }

  /** In turn, those that rest included. */
  get all(): readonly string[] {
    return this.#order
  }

  /** In turn, without those that rest. */
  awake(): readonly string[] {
    const now = performance.now()
    return this.#order.filter((name) => this.#isAwake(name, now))
  }

  isAwake(name: string): boolean {
    return this.#isAwake(name, performance.now())
  }

  /** Learns of new and vanished partitions as they come, and lets the blocking wait see them. Those that it cannot
   *  serve cost no command. */
  watch(): void {
    const { quiet, signal } = this.#options
    this.#directory.watch({
      onChange: (change) => {
        if (!signal.aborted) void quiet.do(() => this.#apply(change))
      },
      onUnsure: () => {
        if (!signal.aborted) void quiet.do(() => this.#refreshed())
      },
    })
  }

  /** Reads the registry if it changed; true when it did since this was last asked. */
  async refresh(): Promise<boolean> {
    await ask(this.#options.quiet.redis, () => this.#directory.refresh())
    if (this.#directory.revision === this.#servedRevision) return false
    await this.#serve()
    return true
  }

  async #refreshed(): Promise<void> {
    if (await this.refresh()) await this.#ring()
  }

  async #apply({ added, removed }: PartitionChange): Promise<void> {
    const known = new Set(this.#order)
    const isNew = [...added.keys()].some((name) => !known.has(name))
    if (!isNew && !removed.some((name) => known.has(name))) return
    await this.#serve()
    // What vanished may stay in the wait until its end.
    if (isNew) await this.#ring()
  }

  async #serve(): Promise<void> {
    const { log, onChange } = this.#options
    this.#servedRevision = this.#directory.revision
    const mine = new Set(this.#directory.partitions.keys())
    const known = new Set(this.#order)
    const fresh = [...mine].filter((name) => !known.has(name))
    // New ones at random places: workers that start together do not all begin with the same partition.
    const order = this.#order.filter((name) => mine.has(name))
    for (const name of fresh) order.splice(Math.floor(Math.random() * (order.length + 1)), 0, name)
    this.#order = order
    for (const name of this.#restUntil.keys()) if (!mine.has(name)) this.#restUntil.delete(name)
    await onChange(mine)
    if (fresh.length > 0) log.info('serving partitions', { count: order.length })
  }

  /** It was served: the others come first now. */
  toTheEnd(name: string): void {
    const at = this.#order.indexOf(name)
    if (at >= 0) this.#order.push(...this.#order.splice(at, 1))
  }

  /** Not at once again: a queue that cannot be read would take all the worker's time. */
  rest(name: string): void {
    this.#restUntil.set(name, performance.now() + restMs)
    const timer = setTimeout(() => void this.#options.quiet.do(() => this.#ring()), restMs + 10)
    timer.unref()
  }

  /** It could be read. */
  rouse(name: string): void {
    this.#restUntil.delete(name)
  }

  #isAwake(name: string, now: number): boolean {
    return (this.#restUntil.get(name) ?? 0) <= now
  }

  /** Ends the blocking wait, so that it begins again with the partitions of now. */
  async #ring(): Promise<void> {
    // One is on its way: the wait that it begins may or may not see this change, so another follows, for all of them.
    if (this.#ringing) {
      this.#ringsAgain = true
      return
    }
    this.#ringing = true
    try {
      do {
        this.#ringsAgain = false
        if (this.#options.signal.aborted) return
        await this.#options.quiet.redis
          .pipeline()
          .zadd(this.bell, 0, 'x')
          .expire(this.bell, 60)
          .exec()
      } while (this.#ringsAgain)
    } finally {
      this.#ringing = false
    }
  }
}
