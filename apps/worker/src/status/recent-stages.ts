import type { AttemptRef, Clock, Given } from '@waggle/domain'

export interface RecentStage {
  readonly ref: AttemptRef
  readonly repo: string
  readonly build: number
  readonly stage: number
  readonly name: string
  readonly event: string
  /** `running` until it is over; then how it ended, or `lost`, `cancelled`, `released`. */
  readonly status: string
  /** Milliseconds since 1970; 0 = not yet. */
  readonly startedAt: number
  readonly stoppedAt: number
}

/** The stages that this process has and the last ones that it had, newest first. */
export class RecentStages {
  /** By attempt, oldest first. */
  readonly #stages = new Map<string, RecentStage>()
  #over = 0
  readonly #most: number
  readonly #clock: Pick<Clock, 'now'>

  constructor(most: number, clock: Pick<Clock, 'now'>) {
    this.#most = most
    this.#clock = clock
  }

  begin(ref: AttemptRef, { repo, build, stage }: Pick<Given, 'repo' | 'build' | 'stage'>): void {
    this.#stages.set(keyOf(ref), {
      ref,
      repo: repo.slug,
      build: build.number,
      stage: stage.number,
      name: stage.name,
      event: build.event,
      status: 'running',
      startedAt: this.#clock.now(),
      stoppedAt: 0,
    })
    if (this.#over > this.#most) this.#dropOldest()
  }

  end(ref: AttemptRef, status: string): void {
    const stage = this.#stages.get(keyOf(ref))
    if (stage === undefined || stage.stoppedAt > 0) return
    this.#over++
    this.#stages.set(keyOf(ref), { ...stage, status, stoppedAt: this.#clock.now() })
  }

  list(): readonly RecentStage[] {
    return [...this.#stages.values()].reverse()
  }

  /** What runs is never forgotten: the worker has as many slots as it has. */
  #dropOldest(): void {
    for (const [key, { stoppedAt }] of this.#stages) {
      if (stoppedAt === 0) continue
      this.#stages.delete(key)
      this.#over--
      return
    }
  }
}

const keyOf = ({ stageId, attempt }: AttemptRef): string => `${stageId}-${attempt}`
