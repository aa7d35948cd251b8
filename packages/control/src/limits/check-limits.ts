import type { Stage } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { deliverNow } from '../offers/deliver-outbox.ts'
import { RollingSlice } from '../rolling-slice.ts'
import { freePlace } from './lost-place.ts'
import { releaseHeld } from './release-held.ts'

const batchSize = 100

/** Gives up places whose time has passed, and looks again, a few stages each time, whether what is held back still has
 *  to be: releasing is part of every transaction that ends a stage, so this finds nothing unless one was changed by
 *  hand, or a place ran out. */
export class LimitCheck {
  readonly #deps: ControlDeps
  readonly #slices: RollingSlice<Stage>

  constructor(deps: ControlDeps) {
    this.#deps = deps
    this.#slices = new RollingSlice((after) => deps.database.limits.listHeld(after, batchSize))
  }

  /** One tick. Gives how many stages it let go. */
  async run(): Promise<number> {
    const { database } = this.#deps
    for (const stage of await database.limits.listOverdue(batchSize))
      await freePlace(this.#deps, stage, 'its timeout has passed')
    const slice = await this.#slices.next()
    let count = 0
    for (const [repoId, stages] of Map.groupBy(slice, (stage) => stage.repoId))
      count += await this.#release(repoId, [...new Set(stages.map(({ name }) => name))])
    return count
  }

  async #release(repoId: number, names: readonly string[]): Promise<number> {
    const released = await this.#deps.database.transaction(async (stores) => {
      await stores.limits.open(repoId)
      await stores.limits.lock({ repoId })
      return releaseHeld(stores, repoId, names)
    })
    await deliverNow(this.#deps, released.outbox, released.pending)
    if (released.pending.length > 0)
      this.#deps.log.warn('stages were held back by nothing and go on', {
        count: released.pending.length,
      })
    return released.pending.length
  }
}
