import type { Attempt, Timers } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { type EndedAttempt, endLostAttempt } from '../hand-over/end-lost-attempt.ts'
import { deliverEnded } from '../offers/deliver-outbox.ts'
import { isMassLoss, lateLimitMs, type ReaperHealth, suspectLimits } from './reaper-health.ts'

/** Ends the attempts of workers that fell silent (reliability.md §0.2, rule G9). */
export class Reaper {
  readonly #deps: ControlDeps
  readonly #health: ReaperHealth

  constructor(deps: ControlDeps, health: ReaperHealth) {
    this.#deps = deps
    this.#health = health
  }

  /** One tick that came `lateMs` after it was due. Gives how many attempts were ended. */
  async run(lateMs: number): Promise<number> {
    const { database, timers } = this.#deps
    if (lateMs > lateLimitMs(timers)) {
      this.#health.reset()
      await this.#holdSince(0)
    }
    const suspects = await database.attempts.listSilent(suspectLimits(timers))
    if (suspects.length === 0) await this.#holdSince(0)
    if (suspects.length === 0 || !this.#health.mayExpire) return 0
    const nowMs = await database.now()
    const silent = suspects.filter(
      (attempt) => nowMs - attempt.renewedAt > silentMs(attempt, timers),
    )
    if (silent.length === 0 || (await this.#isHeldBack(suspects, nowMs))) return 0
    const ended: EndedAttempt[] = []
    for (const attempt of silent) {
      const result = await this.#end(attempt)
      if (result) ended.push(result)
    }
    await deliverEnded(this.#deps, ended)
    return ended.length
  }

  /** The breaker: holds back for at most `breakerMs`, for in the end the workers may be gone indeed. Since when it holds
   *  is in SQL: each tick may be won by another process. */
  async #isHeldBack(suspects: readonly Attempt[], nowMs: number): Promise<boolean> {
    const { database, log, timers } = this.#deps
    const workers = new Set(suspects.map((attempt) => attempt.workerId)).size
    if (!isMassLoss(workers, await database.attempts.countHolders())) {
      await this.#holdSince(0)
      return false
    }
    const since = await this.#heldSince()
    if (since > 0 && since <= nowMs) return nowMs - since < timers.breakerMs
    log.error('many workers fell silent at once, none is expired yet', { count: workers })
    await this.#holdSince(nowMs)
    return true
  }

  async #heldSince(): Promise<number> {
    return Number((await this.#deps.database.settings.get('mass_loss_since')) ?? 0)
  }

  async #holdSince(atMs: number): Promise<void> {
    if ((await this.#heldSince()) === atMs) return
    await this.#deps.database.settings.set('mass_loss_since', String(atMs))
  }

  /** Each row alone: one that cannot be ended must not keep the others (threats.md T-47). */
  async #end(attempt: Attempt): Promise<EndedAttempt | null> {
    const { timers, log } = this.#deps
    const { stageId, number, buildId, state } = attempt
    const limitMs = silentMs(attempt, timers)
    try {
      return await endLostAttempt(
        this.#deps,
        { stageId, attempt: number, buildId },
        // Granted meanwhile: then the longer silence counts, and the next tick asks for it.
        async (stores) => {
          const current = await stores.attempts.lockIfSilent(stageId, number, limitMs)
          return current?.state === state ? current : null
        },
      )
    } catch (err) {
      log.error('silent attempt was not ended', {
        'build.id': buildId,
        'stage.id': stageId,
        attempt: number,
        err,
      })
      return null
    }
  }
}

const silentMs = (attempt: Pick<Attempt, 'state'>, timers: Timers): number =>
  attempt.state === 'leased' ? timers.requeueMs : timers.lostMs
