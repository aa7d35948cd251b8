import { bandOf, type Flow, queueNumberOf, type Stage, type Stores } from '@waggle/domain'

/** Where a stage stands in its partition from now on. */
export type Standing = Pick<Stage, 'band' | 'startTag' | 'queueNumber'>

/** Gives stages of one repository that are about to be offered their places, in the order given: fair queueing between
 *  repositories inside a band, a band for each priority (docs/scheduling.md). In the transaction that promises the
 *  offers: each of its flows stays locked until the commit. */
export const standInLine = async (
  stores: Pick<Stores, 'orders'>,
  repoId: number,
  stages: readonly Pick<Stage, 'partition' | 'priority'>[],
): Promise<readonly Standing[]> => {
  const flows = Map.groupBy(stages.keys(), (index) => keyOf(stages[index]!))
  const standings: Standing[] = []
  // In one order by all, or two transactions could wait for each other's flows.
  for (const key of [...flows.keys()].toSorted()) {
    const members = flows.get(key) ?? []
    const { partition, priority } = stages[members[0]!]!
    const flow: Flow = { partition, repoId, band: bandOf(priority) }
    const { first, base } = await stores.orders.enqueue(flow, members.length)
    for (const [position, index] of members.entries()) {
      const startTag = first + position
      const queueNumber = queueNumberOf(flow.band, startTag, base)
      standings[index] = { band: flow.band, startTag, queueNumber }
    }
  }
  return standings
}

/** Stages of one build that were cancelled as they stood in line: they were not served, so what their repository offers
 *  next does not have to wait for them. */
export const leaveLine = async (
  stores: Pick<Stores, 'orders'>,
  cancelled: readonly Stage[],
): Promise<void> => {
  const stood = cancelled.filter(
    ({ status, isHeld, isLimited }) => status === 'pending' && !isHeld && !isLimited,
  )
  const flows = new Map(
    stood.map(({ partition, repoId, band }) => [
      JSON.stringify([partition, band]),
      { partition, repoId, band },
    ]),
  )
  for (const key of [...flows.keys()].toSorted()) await stores.orders.refund(flows.get(key)!)
}

/** The place of a stage that was served once and comes back: it does not go to the end again. */
export const standAgain = async (
  stores: Pick<Stores, 'orders'>,
  stage: Pick<Stage, 'partition' | 'band' | 'startTag'>,
): Promise<Standing> => {
  const { band } = stage
  const { tag, base } = await stores.orders.head(stage.partition, band)
  const startTag = Math.min(stage.startTag, tag)
  return { band, startTag, queueNumber: queueNumberOf(band, startTag, base) }
}

const keyOf = ({ partition, priority }: Pick<Stage, 'partition' | 'priority'>): string =>
  JSON.stringify([partition, bandOf(priority)])
