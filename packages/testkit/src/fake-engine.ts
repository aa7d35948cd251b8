import { Buffer } from 'node:buffer'
import type { Engine, ProbeResult, RunOptions, Spec, SpecStep, StepExit } from '@waggle/domain'

/** What a step of the fake engine does. */
export interface FakeStep {
  readonly code?: number
  readonly isOutOfMemory?: boolean
  readonly note?: string
  readonly output?: readonly (string | Uint8Array)[]
  /** Cannot be started. */
  readonly error?: Error
  /** Runs until `release` or its kill. */
  readonly isHeld?: boolean
  /** Runs on, whatever happens to it. */
  readonly isImmortal?: boolean
  /** What its second, third … try does instead. */
  readonly tries?: readonly FakeStep[]
  /** How many probes fail before it is ready; absent = none. */
  readonly failedProbes?: number
}

/** An engine in memory, for tests of what drives engines. Steps do what was said of their name; others pass at once.
 *  Keeps what happened to it in `events`, such as `start a`, `end a`, `kill b`. */
export class FakeEngine implements Engine {
  readonly type = 'fake'
  readonly events: string[] = []
  readonly environments = new Map<string, Readonly<Record<string, string>>>()
  /** Makes set-up fail. */
  setupError: Error | null = null
  #steps: Readonly<Record<string, FakeStep>>
  readonly #running = new Map<string, (exit: StepExit) => void>()
  readonly #watchers = new Set<() => void>()
  readonly #probes = new Map<string, number>()

  constructor(steps: Readonly<Record<string, FakeStep>> = {}) {
    this.#steps = steps
  }

  async ping(): Promise<void> {}

  async setup(): Promise<void> {
    this.#note('setup')
    if (this.setupError) throw this.setupError
  }

  async run(_spec: Spec, step: SpecStep, options: RunOptions): Promise<StepExit> {
    const first = this.#steps[step.name] ?? {}
    const script = options.try === 1 ? first : (first.tries?.[options.try - 2] ?? first)
    if (script.error) {
      this.#note(`error ${step.name}`)
      throw script.error
    }
    this.environments.set(step.name, options.environment)
    options.onStarted?.()
    const end = Promise.withResolvers<StepExit>()
    this.#running.set(step.name, end.resolve)
    this.#note(`start ${step.name}`)
    for (const output of script.output ?? [])
      await options.output.write(typeof output === 'string' ? Buffer.from(output) : output, 0)
    const exit = {
      code: script.code ?? 0,
      isOutOfMemory: script.isOutOfMemory ?? false,
      note: script.note ?? '',
    }
    const kill = () => {
      this.#note(`kill ${step.name}`)
      if (!script.isImmortal) end.resolve({ code: 137, isOutOfMemory: false, note: '' })
    }
    if (!script.isHeld && !script.isImmortal) end.resolve(exit)
    else if (options.signal.aborted) kill()
    else options.signal.addEventListener('abort', kill, { once: true })
    const ended = await end.promise
    options.signal.removeEventListener('abort', kill)
    this.#running.delete(step.name)
    this.#note(`end ${step.name}`)
    return ended
  }

  async probe(_spec: Spec, step: SpecStep): Promise<ProbeResult> {
    const probes = (this.#probes.get(step.name) ?? 0) + 1
    this.#probes.set(step.name, probes)
    const isReady = probes > (this.#steps[step.name]?.failedProbes ?? 0)
    this.#note(`${isReady ? 'ready' : 'not ready'} ${step.name}`)
    return { isReady, detail: isReady ? '' : `probe ${probes} failed` }
  }

  /** Ends a held step. */
  release(name: string, code = 0): void {
    this.#running.get(name)?.({ code, isOutOfMemory: false, note: '' })
  }

  /** Resolves once the event happened. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#watchers.add(resolve)
      await promise
      this.#watchers.delete(resolve)
    }
  }

  async destroy(): Promise<void> {
    this.#note('destroy')
    for (const end of this.#running.values()) end({ code: 137, isOutOfMemory: false, note: '' })
  }

  async leftovers(): Promise<readonly []> {
    return []
  }

  async remove(): Promise<void> {}

  async close(): Promise<void> {}

  #note(event: string): void {
    this.events.push(event)
    for (const watcher of [...this.#watchers]) watcher()
  }
}
