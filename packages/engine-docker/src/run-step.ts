import {
  internal,
  type RunOptions,
  type Spec,
  type SpecStep,
  type StepExit,
  unavailable,
  type WaggleError,
} from '@waggle/domain'
import type { CreateDeps } from './create-container.ts'
import type { EngineTimers } from './engine-timers.ts'
import { type FollowOptions, type LogEnd, LogFollower } from './log-follower.ts'
import { startContainer } from './start-container.ts'
import { stopContainer } from './stop-container.ts'
import { isEngineAway, statusOf } from './translate-error.ts'

export interface RunDeps extends CreateDeps {
  readonly timers: EngineTimers
}

/** Runs one try of one step: create, start, follow the log to its end, then ask how it ended (pipeline.md §13.5). */
export const runStep = async (
  deps: RunDeps,
  spec: Spec,
  step: SpecStep,
  options: RunOptions,
): Promise<StepExit> => {
  const id = await startContainer(deps, spec, step, options)
  options.onStarted?.()
  return new RunningStep(deps, step, id, options).finish()
}

interface ContainerState {
  readonly Running: boolean
  readonly OOMKilled: boolean
  readonly ExitCode: number
  readonly FinishedAt: string
}

/** A container that was started, until it and its log have ended. */
class RunningStep {
  readonly #deps: RunDeps
  readonly #step: SpecStep
  readonly #id: string
  readonly #options: RunOptions
  /** The container has ended, or is given up. */
  readonly #over = new AbortController()
  /** The engine was away, or took no SIGKILL, for too long after a cancel. */
  readonly #givenUp = new AbortController()
  #isStopped = false
  #outage: { fromMs: number; toMs: number } | null = null
  #note = ''

  constructor(deps: RunDeps, step: SpecStep, id: string, options: RunOptions) {
    this.#deps = deps
    this.#step = step
    this.#id = id
    this.#options = options
  }

  async finish(): Promise<StepExit> {
    const { signal } = this.#options
    const stop = () => void this.#stop()
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    try {
      return this.#exitOf(await this.#follow())
    } finally {
      signal.removeEventListener('abort', stop)
      this.#over.abort()
    }
  }

  /** Reads the log until its end is the container's end. The log's end, not the container's, ends a step: what was
   *  printed last is read too (measured: 28 % of logs cut when the exit decides). */
  async #follow(): Promise<ContainerState> {
    const follower = new LogFollower(this.#deps.client, this.#id, this.#options.output)
    for (let broken = 0; ; ) {
      const end = await this.#read((options) => follower.follow(options))
      const state = end === 'ended' ? await this.#waitForExit() : await this.#inspectPatiently()
      if (!state.Running) {
        if (end === 'cut') return state
        if ((await this.#read((options) => follower.drain(options))) === 'ended') return state
        // An engine that takes a container apart for ever answers every reading with a refusal.
        if (broken > 20) throw disappeared(undefined)
      }
      // A log that keeps breaking off must not become a busy loop.
      if (end === 'broken' || !state.Running) await this.#pause(broken++)
    }
  }

  async #read(read: (options: FollowOptions) => Promise<LogEnd>): Promise<LogEnd> {
    const { timers } = this.#deps
    try {
      const end = await read({
        silentMs: timers.silentMs,
        signal: this.#givenUp.signal,
        onSilence: async (totalMs) => {
          const { Running } = await this.#inspect()
          if (Running) return totalMs >= timers.reopenMs ? 'reopen' : 'go-on'
          if (totalMs < timers.tailMs) return 'go-on'
          this.#note = 'log may be incomplete: it was still open after the container had ended'
          return 'cut'
        },
      })
      if (end === 'broken') this.#noteOutage()
      return end
    } catch (error) {
      if (statusOf(error) === 404) throw disappeared(error)
      if (isEngineAway(error)) this.#noteOutage()
      // 409: the container is being removed, and soon gone.
      else if (statusOf(error) !== 409) throw error
      return 'broken'
    }
  }

  #noteOutage(): void {
    if (this.#outage) this.#outage.toMs = 0
    else this.#outage = { fromMs: this.#deps.clock.now(), toMs: 0 }
  }

  /** The log ends some milliseconds before the engine calls the container ended. */
  async #waitForExit(): Promise<ContainerState> {
    try {
      await this.#deps.client.call('POST', `/containers/${this.#id}/wait`, {
        deadlineMs: this.#deps.timers.silentMs,
        signal: this.#givenUp.signal,
      })
    } catch (error) {
      if (!isEngineAway(error) && statusOf(error) !== 404) throw error
    }
    return this.#inspectPatiently()
  }

  /** As long as the engine is away the step may go on: asks until it is back, or the step is given up. */
  async #inspectPatiently(): Promise<ContainerState> {
    for (let attempt = 0; ; attempt++) {
      try {
        const state = await this.#inspect()
        if (this.#outage && this.#outage.toMs === 0) this.#outage.toMs = this.#deps.clock.now()
        return state
      } catch (error) {
        if (statusOf(error) === 404) throw disappeared(error)
        if (!isEngineAway(error)) throw error
        if (this.#givenUp.signal.aborted) throw error
        this.#noteOutage()
        await this.#pause(attempt)
      }
    }
  }

  async #inspect(): Promise<ContainerState> {
    const found = await this.#deps.client.call<{ State: ContainerState }>(
      'GET',
      `/containers/${this.#id}/json`,
      { deadlineMs: 10_000, signal: this.#givenUp.signal },
    )
    return found.State
  }

  async #pause(attempt: number): Promise<void> {
    const waitMs = Math.min(5, 2 ** attempt / 10) * this.#deps.timers.retryMs
    await this.#deps.clock.sleep(waitMs, this.#givenUp.signal).catch(() => undefined)
    if (this.#givenUp.signal.aborted) {
      throw unavailable('step_not_stopped', 'the container engine did not end the cancelled step')
    }
  }

  async #stop(): Promise<void> {
    this.#isStopped = true
    const { clock, timers } = this.#deps
    const { killGraceMs } = this.#options
    const giveUp = async () => {
      await clock.sleep(killGraceMs + timers.tailMs, this.#over.signal)
      this.#givenUp.abort(new Error('the step was given up'))
    }
    await Promise.all([
      stopContainer(this.#deps, this.#id, killGraceMs, this.#over.signal),
      giveUp().catch(() => undefined),
    ])
  }

  #exitOf(state: ContainerState): StepExit {
    const outage = this.#outageOf(state)
    const byEngine = state.ExitCode === 137 || state.ExitCode === 143
    if (outage && byEngine && !state.OOMKilled && !this.#isStopped) {
      throw internal('engine_restarted', 'docker engine restarted')
    }
    const notes = [
      this.#note,
      state.OOMKilled ? outOfMemory(this.#step, state.ExitCode) : '',
      // An engine loses what a container writes in its absence (reliability.md M-11).
      outage
        ? `log incomplete: the container engine was down from ${isoTime(outage.fromMs)} to ${isoTime(outage.toMs)}`
        : '',
    ]
    return {
      code: state.ExitCode,
      isOutOfMemory: state.OOMKilled,
      note: notes.filter((note) => note !== '').join('; '),
    }
  }

  /** The outage in which the container ended, if it did in one. */
  #outageOf(state: ContainerState): { fromMs: number; toMs: number } | null {
    const finishedMs = Date.parse(state.FinishedAt)
    const outage = this.#outage
    return outage && finishedMs >= outage.fromMs - 15_000 && finishedMs <= outage.toMs + 1_000
      ? outage
      : null
  }
}

const disappeared = (cause: unknown): WaggleError =>
  internal('container_disappeared', 'container disappeared', { cause })

const isoTime = (ms: number): string => new Date(ms).toISOString()

const outOfMemory = (step: SpecStep, code: number): string => {
  if (code === 0) return 'out of memory (a child was killed; main process exited 0)'
  const { memoryBytes } = step.limits
  return memoryBytes > 0
    ? `out of memory (limit ${Math.round(memoryBytes / 1_048_576)} MiB)`
    : 'out of memory'
}
