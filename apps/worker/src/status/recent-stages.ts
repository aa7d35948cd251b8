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
  #stages: readonly RecentStage[] = []
  readonly #most: number
  readonly #clock: Pick<Clock, 'now'>

  constructor(most: number, clock: Pick<Clock, 'now'>) {
    this.#most = most
    this.#clock = clock
  }

  begin(ref: AttemptRef, { repo, build, stage }: Pick<Given, 'repo' | 'build' | 'stage'>): void {
    const begun: RecentStage = {
      ref,
      repo: repo.slug,
      build: build.number,
      stage: stage.number,
      name: stage.name,
      event: build.event,
      status: 'running',
      startedAt: this.#clock.now(),
      stoppedAt: 0,
    }
    const kept = [begun, ...this.#stages]
    // What runs is never forgotten: the worker has as many slots as it has.
    const over = kept.filter(({ stoppedAt }) => stoppedAt > 0).slice(this.#most)
    const dropped = new Set(over)
    this.#stages = kept.filter((stage) => !dropped.has(stage))
  }

  end(ref: AttemptRef, status: string): void {
    this.#stages = this.#stages.map((stage) =>
      stage.ref.stageId === ref.stageId && stage.ref.attempt === ref.attempt
        ? { ...stage, status, stoppedAt: this.#clock.now() }
        : stage,
    )
  }

  list(): readonly RecentStage[] {
    return this.#stages
  }
}
