import {
  type BandBase,
  bandWidth,
  isWaggleError,
  mostPriority,
  queueNumberOf,
  type Stage,
} from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'
import { publishOffers } from '../offers/dispatch.ts'

type OrderDeps = Pick<ControlDeps, 'database' | 'offers' | 'log' | 'timers'>

const batchSize = 500
/** How many of a band are looked at in one tick: the first ones are the oldest, nearly. */
const agedAtOnce = 50
const idleMs = 3_600_000
const forgetEvery = 100

/** Keeps the order of the partitions: raises what has waited long into the next band, and numbers a band anew before its
 *  tags run out of numbers. SQL says what the order is; the queues follow. */
export class OrderKeeper {
  readonly #deps: OrderDeps
  #ticks = 0

  constructor(deps: OrderDeps) {
    this.#deps = deps
  }

  /** One tick. Throws `unavailable` where Redis or the database is away. */
  async run(): Promise<void> {
    const { database, timers } = this.#deps
    if (this.#ticks++ % forgetEvery === 0) await database.orders.forgetIdle(idleMs)
    await this.#moveBases()
    for (const id of await database.orders.listAged(timers.ageingMs, agedAtOnce))
      await this.#raise(id)
  }

  /** A base moves to where the line has come, in two ticks: whoever counted from the old one meanwhile is numbered by the
   *  second. */
  async #moveBases(): Promise<void> {
    const { orders } = this.#deps.database
    const moving = await orders.listMoving()
    for (const band of moving) {
      await this.#renumber(band)
      await orders.setBase(band.partition, band.band, band.base, false)
    }
    const isMoving = new Set(moving.map(keyOf))
    for (const far of await orders.listFar(bandWidth / 2)) {
      const { partition, band } = far
      // Where nothing waits, what comes next starts at the last finish tag.
      const base = far.head ?? far.finish
      if (base - far.base < bandWidth / 2 || isMoving.has(keyOf(far))) continue
      await orders.setBase(partition, band, base, true)
      await this.#renumber({ partition, band, base })
      this.#deps.log.info('stages of a partition were numbered anew', { partition })
    }
  }

  /** From the first on, so that those at the head are never behind others. */
  async #renumber(band: BandBase): Promise<void> {
    const { orders, stages } = this.#deps.database
    let last = { startTag: Number.MIN_SAFE_INTEGER, id: 0 }
    for (;;) {
      const batch = await orders.renumber(band, last, batchSize)
      const byId = new Map((await stages.findMany(batch.map(({ id }) => id))).map((s) => [s.id, s]))
      await this.#offerAnew(batch.map(({ id }) => byId.get(id)).filter((s) => s !== undefined))
      const end = batch.at(-1)
      if (!end || batch.length < batchSize) return
      last = end
    }
  }

  async #raise(id: number): Promise<void> {
    const { database, log } = this.#deps
    try {
      const stage = await database.transaction(async (stores) => {
        const before = await stores.stages.lock(id)
        if (!before || before.band >= mostPriority) return null
        const band = before.band + 1
        const { partition, repoId, attempt } = before
        const { first, base } = await stores.orders.enqueue({ partition, repoId, band }, 1)
        const place = { band, startTag: first, queueNumber: queueNumberOf(band, first, base) }
        const when = { status: 'pending', isHeld: false, isLimited: false, attempt } as const
        return stores.stages.update(id, place, when)
      })
      if (stage) await this.#offerAnew([stage])
    } catch (err) {
      if (isWaggleError(err, 'unavailable')) throw err
      // One that cannot be raised must not keep the others (threats.md T-47).
      log.error('a stage that has waited long was not raised', { 'stage.id': id, err })
    }
  }

  /** A queue cannot be told to count an entry anew at the same price; one that a worker fetched already stays. */
  async #offerAnew(stages: readonly Stage[]): Promise<void> {
    if (stages.length === 0) return
    await this.#deps.offers.withdraw(
      stages.map(({ id, attempt, partition }) => ({
        stageId: id,
        attempt: attempt + 1,
        partition,
      })),
    )
    await publishOffers(this.#deps, stages)
  }
}

const keyOf = ({ partition, band }: Pick<BandBase, 'partition' | 'band'>): string =>
  JSON.stringify([partition, band])
