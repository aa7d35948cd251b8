import { setTimeout as delay } from 'node:timers/promises'
import { type BuildStatus, isDone, isWaggleError, type StepStatus } from '@waggle/domain'
import type { ApiBuild, ApiStage, ApiStep } from '../api-shapes.ts'
import type { Client } from '../client.ts'
import { exitCodes } from '../exit-code.ts'
import { readLog } from '../read-log.ts'
import { openProgress } from './open-progress.ts'
import type { ProgressOptions, ProgressStage, ProgressView } from './progress-view.ts'
import { duration } from './status-mark.ts'

export interface FollowOptions extends ProgressOptions {
  /** Ends the following, not the build. */
  readonly signal?: AbortSignal
}

/** Shows a build live until it is over: its stages and steps and all of their lines. Gives the exit code. */
export const followBuild = async (
  client: Client,
  slug: string,
  number: number,
  options: FollowOptions = {},
): Promise<number> => {
  const view = openProgress(options)
  const stop = new AbortController()
  const onAbort = () => stop.abort()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted) stop.abort()
  try {
    const build = await new Follower(client, slug, number, view, stop.signal).run()
    if (build === null) {
      view.note(`the build goes on; see: waggle build logs ${slug} ${number} --follow`)
      return exitCodes.cancelled
    }
    view.note(endText(slug, build))
    return build.status === 'success' ? exitCodes.ok : exitCodes.buildFailed
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
    stop.abort()
    view.close()
  }
}

const pollMs = 1_000
/** How long an unreachable server is asked again. */
const patienceMs = 60_000
/** After the build's end, how long a live log may be silent before the rest of it is read from the archive. */
const quietMs = 2_000

class Follower {
  readonly #client: Client
  readonly #slug: string
  readonly #number: number
  readonly #view: ProgressView
  readonly #signal: AbortSignal
  readonly #logs = new Map<string, Promise<void>>()
  /** Ends the live logs, not the reading of the archive. */
  readonly #stopLive = new AbortController()
  #latest: ApiBuild | null = null
  #wake: () => void = () => undefined
  #lineAt = 0

  constructor(
    client: Client,
    slug: string,
    number: number,
    view: ProgressView,
    signal: AbortSignal,
  ) {
    this.#client = client
    this.#slug = slug
    this.#number = number
    this.#view = view
    this.#signal = signal
  }

  /** `null` when the signal came first. */
  async run(): Promise<ApiBuild | null> {
    void this.#listen()
    while (!this.#signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const build = await this.#ask()
      if (build === null) return null
      this.#latest = build
      this.#view.update(build.stages.map(progressOf))
      for (const stage of build.stages)
        for (const step of stage.steps) if (hasLog(step)) this.#followOnce(stage, step)
      if (isDone(build.status as BuildStatus)) {
        await this.#lastLines()
        return build
      }
      await Promise.race([woken, this.#nap(pollMs)])
    }
    return null
  }

  async #ask(): Promise<ApiBuild | null> {
    const until = performance.now() + patienceMs
    for (;;) {
      try {
        return await this.#client.findBuild(this.#slug, this.#number)
      } catch (error) {
        if (this.#signal.aborted) return null
        if (!isWaggleError(error, 'unavailable') || performance.now() > until) throw error
        await this.#nap(pollMs)
        if (this.#signal.aborted) return null
      }
    }
  }

  /** Changes only make the next question come sooner; all of them may be lost. */
  async #listen(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        for await (const _ of this.#client.followChanges(this.#slug, this.#signal)) this.#wake()
      } catch {
        // The polling goes on.
      }
      await this.#nap(pollMs)
    }
  }

  #followOnce(stage: ApiStage, step: ApiStep): void {
    // With the stage's start: one that was taken back from a lost worker begins anew, lines and all.
    const key = `${stage.number}/${step.number}/${stage.started}`
    if (this.#logs.has(key)) return
    this.#logs.set(
      key,
      this.#follow(stage, step).catch((error: unknown) => {
        if (this.#signal.aborted) return
        const why = error instanceof Error ? error.message : String(error)
        this.#view.note(`lines of ${stage.name}/${step.name} cannot be read: ${why}`)
      }),
    )
  }

  async #follow(stage: ApiStage, step: ApiStep): Promise<void> {
    const address = { build: this.#number, stage: stage.number, step: step.number }
    const live = AbortSignal.any([this.#signal, this.#stopLive.signal])
    let next = 0
    for (let tries = 0; !this.#signal.aborted; tries++) {
      try {
        if (!live.aborted)
          for await (const line of this.#client.followLog(this.#slug, address, next, live)) {
            next = line.pos + 1
            tries = 0
            this.#show(stage, step, line.out)
          }
        if (next > 0 && !live.aborted) return
        // No live stream: not yet, or not any more. Then the archive has the lines.
        const isKept = await this.#client.hasLog(this.#slug, address, this.#signal)
        if (isKept)
          for await (const line of readLog(this.#client, this.#slug, address, next, this.#signal)) {
            next = line.pos + 1
            this.#show(stage, step, line.out)
          }
        if (live.aborted || isKept || (tries >= 2 && this.#isOver(address))) return
      } catch (error) {
        if (this.#signal.aborted) return
        if (tries > 60 || !(live.aborted || isWaggleError(error, 'unavailable'))) throw error
      }
      await this.#nap(live.aborted ? 100 : 300)
    }
  }

  #show(stage: ApiStage, step: ApiStep, text: string): void {
    this.#lineAt = performance.now()
    this.#view.line(stage.name, step.name, text)
  }

  #isOver(address: { readonly stage: number; readonly step: number }): boolean {
    const build = this.#latest
    if (build === null || isDone(build.status as BuildStatus)) return true
    const stage = build.stages.find((one) => one.number === address.stage)
    const step = stage?.steps.find((one) => one.number === address.step)
    return step !== undefined && isDone(step.status as StepStatus)
  }

  async #lastLines(): Promise<void> {
    const all = Promise.all(this.#logs.values()).then(() => true)
    if (await this.#untilQuiet(all, quietMs)) return
    this.#stopLive.abort()
    await this.#untilQuiet(all, patienceMs)
  }

  /** Waits as long as lines come; `true` where all of them came. */
  async #untilQuiet(all: Promise<boolean>, silentMs: number): Promise<boolean> {
    this.#lineAt = performance.now()
    while (!this.#signal.aborted && performance.now() - this.#lineAt < silentMs)
      if (await Promise.race([all, this.#nap(100)])) return true
    return false
  }

  async #nap(ms: number): Promise<false> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => undefined)
    return false
  }
}

const hasLog = (step: ApiStep): boolean => step.status !== 'pending' && step.status !== 'skipped'

const progressOf = (stage: ApiStage): ProgressStage => ({
  name: stage.name,
  status: stage.status,
  error: stage.error,
  machine: stage.machine,
  steps: stage.steps.map((step) => ({
    name: step.name,
    status: step.status,
    exitCode: step.exitCode,
    error: step.error,
    seconds: secondsOf(step),
  })),
})

const secondsOf = (step: ApiStep): number => {
  if (step.started === 0 || step.status === 'skipped') return 0
  return Math.max(0, (step.stopped || Date.now() / 1000) - step.started)
}

const endText = (slug: string, build: ApiBuild): string => {
  const time =
    build.started > 0 && build.finished > 0
      ? ` after ${duration(build.finished - build.started)}`
      : ''
  const why = build.error === '' ? '' : `: ${build.error}`
  return `build ${build.number} of ${slug}: ${build.status}${time}${why}`
}
