import type { BuildChange, Database, Logger, Repo, Signals, Unsubscribe } from '@waggle/domain'
import { loadBuild } from './shapes/load-build.ts'
import { repoShape } from './shapes/repo-shape.ts'

export interface FeedSubscriber {
  sees(repo: Repo): boolean
  /** The repository with its build, as JSON. */
  onBuild(buildId: number, text: string): void
  /** Changes may have been missed: read again. */
  onGap(): void
}

export interface ChangeFeedDeps {
  readonly database: Pick<Database, 'attempts' | 'repos' | 'builds' | 'stages' | 'steps'>
  readonly signals: Pick<Signals, 'watchChanges'>
  readonly log: Logger
}

const mostWaiting = 10_000

/** Fans the change feed out to this process's viewers (design §10). A message holds only ids; what changed is read
 *  once, whatever the number of viewers, and several changes of a build that wait together are one. */
export class ChangeFeed {
  readonly #deps: ChangeFeedDeps
  readonly #subscribers = new Set<FeedSubscriber>()
  readonly #waiting = new Map<number, BuildChange>()
  #isReading = false
  #unsubscribe: Unsubscribe | null = null

  constructor(deps: ChangeFeedDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#deps.signals.watchChanges({
      onChange: (change) => this.#note(change),
      onGap: () => this.#tellGap(),
    })
  }

  async stop(): Promise<void> {
    this.#subscribers.clear()
    this.#waiting.clear()
    await this.#unsubscribe?.()
  }

  /** Gives what ends the subscription. */
  subscribe(subscriber: FeedSubscriber): () => void {
    this.#subscribers.add(subscriber)
    return () => this.#subscribers.delete(subscriber)
  }

  #note(change: BuildChange): void {
    if (this.#subscribers.size === 0) return
    this.#waiting.set(change.buildId, change)
    if (this.#waiting.size > mostWaiting) {
      this.#waiting.clear()
      this.#tellGap()
      return
    }
    if (!this.#isReading) void this.#readAll()
  }

  #tellGap(): void {
    for (const subscriber of this.#subscribers) subscriber.onGap()
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    try {
      for (const [buildId] of this.#waiting) {
        this.#waiting.delete(buildId)
        await this.#tell(buildId)
      }
    } catch (err) {
      this.#deps.log.warn('a change could not be read for the viewers', { err })
      this.#waiting.clear()
      this.#tellGap()
    } finally {
      this.#isReading = false
    }
  }

  async #tell(buildId: number): Promise<void> {
    const { database } = this.#deps
    const build = await database.builds.find(buildId)
    const repo = build ? await database.repos.find(build.repoId) : null
    if (!build || !repo) return
    const viewers = [...this.#subscribers].filter((subscriber) => subscriber.sees(repo))
    if (viewers.length === 0) return
    const text = JSON.stringify(repoShape(repo, { build: await loadBuild(database, build) }))
    for (const viewer of viewers) viewer.onBuild(buildId, text)
  }
}
