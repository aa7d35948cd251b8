/** Priorities go from -10 to 10; higher is sooner. Each is a band of its own: a stage goes before all of lower bands. */
export const mostPriority = 10

const bands = 2 * mostPriority + 1
const mostQueueNumber = 2_097_151

/** How many start tags a band tells apart, from the band's base on; those beyond share the last number. */
export const bandWidth = Math.floor(mostQueueNumber / bands)

/** The band of a priority; what is out of range counts as the nearest that is not. */
export const bandOf = (priority: number): number =>
  Number.isNaN(priority) ? 0 : Math.trunc(Math.min(mostPriority, Math.max(-mostPriority, priority)))

/** The number by which a queue orders its entries, lower is sooner: 1 to 2,097,151, the whole range that BullMQ has.
 *  Tags only ever grow, so they are counted from a base that moves with what waits. */
export const queueNumberOf = (band: number, startTag: number, base: number): number => {
  const place = Math.min(Math.max(startTag - base, 0), bandWidth - 1)
  return 1 + (mostPriority - bandOf(band)) * bandWidth + place
}

/** One repository's stages in one band of one partition: what fair queueing shares between. */
export interface Flow {
  readonly partition: string
  readonly repoId: number
  readonly band: number
}

/** Start-time fair queueing, its tags in SQL (design §14). The virtual time of a band is the smallest start tag that
 *  waits in it, or, where nothing waits, the largest finish tag that was given in it. */
export interface OrderStore {
  /** Gives the flow its next `count` start tags, one after the other from `first`: not before the virtual time, not
   *  before its own last finish tag. Locks the flow until the transaction ends. `base`: of the band. */
  enqueue(flow: Flow, count: number): Promise<{ readonly first: number; readonly base: number }>
  /** The virtual time of a band, and its base. */
  head(partition: string, band: number): Promise<{ readonly tag: number; readonly base: number }>
  /** Stages of the flow were taken back before they were served: they count no more. */
  refund(flow: Flow): Promise<void>
  /** Bands whose tags have come further than `distance` from their base. */
  listFar(distance: number): Promise<readonly FarBand[]>
  /** Sets the base of a band; `isMoving` until all that waits in it was numbered anew. */
  setBase(partition: string, band: number, base: number, isMoving: boolean): Promise<void>
  listMoving(): Promise<readonly BandBase[]>
  /** Numbers up to `limit` waiting stages of a band anew, in their order from a place on. Gives them in that order. */
  renumber(band: BandBase, after: LinePlace, limit: number): Promise<readonly LinePlace[]>
  /** Ids of stages that are due for the next band: of the first `limit` of each band with a busy one above it. */
  listAged(ageingMs: number, limit: number): Promise<readonly number[]>
  /** Forgets flows that were not used for `idleMs` and whose partition has nothing waiting. */
  forgetIdle(idleMs: number): Promise<void>
}

export type BandBase = Pick<FarBand, 'partition' | 'band' | 'base'>

/** `head`: the smallest start tag that waits in it, `null` = nothing waits. `finish`: the largest finish tag of it. */
export interface FarBand {
  readonly partition: string
  readonly band: number
  readonly base: number
  readonly head: number | null
  readonly finish: number
}

export interface LinePlace {
  readonly startTag: number
  readonly id: number
}
