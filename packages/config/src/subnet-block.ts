import { z } from 'zod'

/** An IPv4 block that is cut into equal networks. */
export interface SubnetBlock {
  /** Such as `10.213.0.0/16`. */
  readonly block: string
  /** Prefix of one network. */
  readonly prefix: number
}

/** `10.213.0.0/16:26`: the block, and the prefix of each network in it. 26 without one, or the block's own where that
 *  is smaller still. A network needs room for its gateway and some containers: a prefix of 29 at most. */
export const subnetBlock = (fallback: SubnetBlock): z.ZodType<SubnetBlock> =>
  z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return fallback
      const read = parse(text.trim())
      if (typeof read !== 'string') return read
      context.addIssue({ code: 'custom', message: read })
      return z.NEVER
    })

const largestPrefix = 29

const parse = (text: string): SubnetBlock | string => {
  const shape = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  if (!shape) return 'must be an IPv4 block such as 10.213.0.0/16:26'
  const numbers = shape.slice(1).map((part) => (part === undefined ? undefined : Number(part)))
  const bytes = numbers.slice(0, 4) as number[]
  if (bytes.some((byte) => byte > 255)) return 'an address has no number above 255'
  const length = numbers[4] ?? 0
  const prefix = numbers[5] ?? Math.min(largestPrefix, Math.max(26, length))
  if (length < 8 || length > largestPrefix)
    return `the block's prefix must be 8 to ${largestPrefix}`
  if (prefix < length || prefix > largestPrefix)
    return `the prefix of each network must be ${length} to ${largestPrefix}`
  const start = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (start % 2 ** (32 - length) !== 0) return `${bytes.join('.')} is not the start of a /${length}`
  return { block: `${bytes.join('.')}/${length}`, prefix }
}
