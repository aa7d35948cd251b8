import type { Timers } from '@waggle/domain'

/** How long the engine's side of things may last, scaled with the rest (`WAGGLE_TIME_SCALE`). Milliseconds. */
export interface EngineTimers {
  /** Silence of a log after which the container is looked at (measured: a `wait` can hang at an exited container). */
  readonly silentMs: number
  /** Silence after which a follower is opened again: engines lose followers over a rotation (reliability.md L7). */
  readonly reopenMs: number
  /** How long a log may stay open and silent after the exit, or a killed container alive (pipeline.md §13.5). */
  readonly tailMs: number
  /** Pause before something is tried again; grows with each try. */
  readonly retryMs: number
  /** How often the firewall's rules are looked at (threats.md T-24). */
  readonly firewallMs: number
  /** How long one internal step of a set-up may run: a minute (pipeline.md §13.1). */
  readonly internalMs: number
}

export const engineTimers = (timers?: Timers): EngineTimers => {
  const beat = timers?.heartbeatMs ?? 5_000
  return {
    ...{ silentMs: 2 * beat, reopenMs: 6 * beat, tailMs: 6 * beat, retryMs: beat / 5 },
    firewallMs: 12 * beat,
    internalMs: 12 * beat,
  }
}
