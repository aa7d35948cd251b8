import type { BuildMark, OverdueStage } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { cancelBuild } from '../decisions/cancel.ts'
import { housekeepingOf } from '../housekeeping.ts'
import { endOverdue } from './end-overdue.ts'
import { endPending } from './end-pending.ts'
import { endStanding } from './end-standing.ts'
import { PassedOver } from './passed-over.ts'
import type { ReaperHealth } from './reaper-health.ts'

/** What one tick ends at most of each kind: the next one goes on. */
const batchSize = 200
/** What one look sees at most; the next goes on there. A tick looks so many times for builds that stand still. */
const windowSize = 1_000
const standingLooks = 10

/** Ends what is past its deadline though no worker was lost (scheduling.md §12): stages over their timeout, stages that
 *  nobody takes, builds that stand still, stages that outlived their build. */
export class Cleanup {
  readonly #deps: ControlDeps
  readonly #health: Pick<ReaperHealth, 'mayExpire'>
  #lookedTo = 0
  #standingTo: BuildMark | null = null
  readonly #overdue = new PassedOver((stage: OverdueStage) => stage.stageId, batchSize)
  readonly #pending = new PassedOver((id: number) => id, batchSize)

  constructor(deps: ControlDeps, health: Pick<ReaperHealth, 'mayExpire'>) {
    this.#deps = deps
    this.#health = health
  }

  /** One tick that came `lateMs` after it was due. Gives how much was ended. */
  async run(lateMs: number, signal?: AbortSignal): Promise<number> {
    const { database } = this.#deps
    const { cleanup } = housekeepingOf(this.#deps)
    const isWaitCounted = await this.#isWaitCounted(lateMs)
    // Workers that could not reach anybody report first what they ended meanwhile.
    if (!this.#health.mayExpire) return 0
    const { deadlines } = database
    const { bufferMs, pendingMs, runningMs } = cleanup
    let count = 0
    const endEach = async <T>(items: readonly T[], end: (item: T) => Promise<unknown>) => {
      for (const item of items)
        if (!signal?.aborted && (await this.#alone(() => end(item)))) count++
    }
    const overdue = await this.#overdue.next((limit) => deadlines.listOverdue(bufferMs, limit))
    await endEach(overdue, (stage) =>
      this.#overdue.try(stage, () => endOverdue(this.#deps, stage, bufferMs)),
    )
    if (isWaitCounted) {
      const ageMs = pendingMs + bufferMs
      const pending = await this.#pending.next((limit) => deadlines.listPendingLong(ageMs, limit))
      await endEach(pending, (id) => this.#pending.try(id, () => endPending(this.#deps, id)))
    }
    await endEach(await this.#standing(runningMs + bufferMs, signal), (id) =>
      endStanding(this.#deps, id),
    )
    await endEach(await this.#leftovers(), (id) => this.#closeLeftovers(id))
    return count
  }

  async #standing(ageMs: number, signal?: AbortSignal): Promise<readonly number[]> {
    const { deadlines } = this.#deps.database
    const found: number[] = []
    for (let looks = 0; looks < standingLooks && found.length < batchSize; looks++) {
      const { buildIds, last } = await deadlines.listStanding(ageMs, this.#standingTo, windowSize)
      this.#standingTo = last
      found.push(...buildIds)
      if (last === null || signal?.aborted) break
    }
    return found
  }

  async #leftovers(): Promise<readonly number[]> {
    const { deadlines } = this.#deps.database
    const { buildIds, lastId } = await deadlines.listLeftovers(this.#lookedTo, windowSize)
    this.#lookedTo = lastId
    return buildIds
  }

  async #closeLeftovers(id: number): Promise<boolean> {
    await cancelBuild(this.#deps, { id }, { status: 'killed', by: '', reason: 'leftovers closed' })
    return true
  }

  /** While no process was there nobody could take a stage either: then waiting counts from when one came back. */
  async #isWaitCounted(lateMs: number): Promise<boolean> {
    const { database } = this.#deps
    const { intervalMs, pendingMs, bufferMs } = housekeepingOf(this.#deps).cleanup
    const nowMs = await database.now()
    if (lateMs > 2 * intervalMs) {
      await database.settings.set('waiting_counted_since', String(nowMs))
      return false
    }
    const since = Number((await database.settings.get('waiting_counted_since')) ?? 0)
    return nowMs - since > pendingMs + bufferMs
  }

  /** Each row alone: one that cannot be ended must not keep the others (threats.md T-47). */
  async #alone(end: () => Promise<unknown>): Promise<boolean> {
    try {
      return (await end()) === true
    } catch (err) {
      this.#deps.log.error('what is past its deadline was not ended', { err })
      return false
    }
  }
}
