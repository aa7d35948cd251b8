import type { LineBlock, LogKey } from '@waggle/domain'
import { logKeyText } from '@waggle/domain'
import { isLineBlock } from './is-line-block.ts'

/** Key of the stream of one try of one step. */
export const streamKey = (prefix: string, key: LogKey): string =>
  `${prefix}:lines:${logKeyText(key)}`

/** Channel of its unfinished last line. */
export const previewChannel = (prefix: string, key: LogKey): string =>
  `${prefix}:preview:${logKeyText(key)}`

/** The id of a block's entry: the number of the line after it. So the same block cannot be added twice, what lies
 *  behind line N is found by id, and trimming is by line. */
export const blockId = (block: Pick<LineBlock, 'first' | 'count'>): string =>
  `${block.first + block.count}-0`

/** Entries with an id above this one hold line `from` or later ones. */
export const idBefore = (from: number): string => `${from}-0`

/** The largest id that there can be: nothing can be added behind the end. */
export const endId = '18446744073709551615-18446744073709551615'

/** Below the id of every block. */
export const openingId = '0-1'

/** What an entry is; `broken` is something that none of ours wrote. */
export type LineEntry = LineBlock | 'opening' | 'end' | 'broken'

/** Reads an entry: `[id, [field, value, …]]` as it came out of Redis, untrusted. */
export const parseEntry = (raw: RawEntry): LineEntry => {
  const id = raw[0].toString('latin1')
  if (id === endId) return 'end'
  if (id === openingId) return 'opening'
  const fields = raw[1]
  if (fields?.length !== 6) return 'broken'
  const [firstName, first, countName, count, dataName, data] = fields
  if (!isName(firstName, 'f') || !isName(countName, 'c') || !isName(dataName, 'd') || !data)
    return 'broken'
  const block = { first: toCount(first), count: toCount(count), data }
  return id === blockId(block) && isLineBlock(block) ? block : 'broken'
}

export type RawEntry = readonly [Buffer, readonly Buffer[] | null]

const isName = (field: Buffer | undefined, name: string): boolean =>
  field?.length === 1 && field[0] === name.charCodeAt(0)

const toCount = (field: Buffer | undefined): number => {
  const value = Number(field?.toString('latin1') || Number.NaN)
  return Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN
}
