import type { Offer } from '@waggle/domain'

/** The id of an offer's entry: one per stage and attempt, over all partitions. BullMQ refuses a bare integer and `:`. */
export const entryId = (offer: Offer): string => `${offer.stageId}-${offer.attempt}`

/** What the entry holds: nothing that anybody could use without the API. */
export const entryData = (offer: Offer) => ({ stageId: offer.stageId, attempt: offer.attempt })

/** The offer of an entry that came out of Redis, `null` where it is not one: what comes from there is untrusted. */
export const parseEntry = (id: string | undefined, data: unknown): Offer | null => {
  if (typeof data !== 'object' || data === null) return null
  const { stageId, attempt } = data as Record<string, unknown>
  if (!isCount(stageId) || !isCount(attempt) || stageId < 1) return null
  const offer = { stageId, attempt }
  return id === entryId(offer) ? offer : null
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
