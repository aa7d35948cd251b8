import { Buffer } from 'node:buffer'

/** Most bytes of the error text of a stage or step (scheduling.md §1). */
const errorLimitBytes = 500
/** Most code points of a build's title and message (scheduling.md §1). */
export const messageLimit = 2_000

// Every control character (Unicode category Cc) but tab and line feed.
const controls = /[^\P{Cc}\t\n]/gu

/** Text that may be stored and shown: well-formed, no control characters but tab and line feed. */
export const cleanText = (text: string): string => text.toWellFormed().replace(controls, '')

/** The first `limit` code points. */
export const cutCodePoints = (text: string, limit: number): string => {
  // A code point is at most two units: shorter texts need no walk.
  if (text.length <= limit) return text
  let units = 0
  for (let points = 0; points < limit && units < text.length; points++)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1
  return text.slice(0, units)
}

/** At most `limit` bytes of UTF-8, cut between characters. */
export const cutBytes = (text: string, limit: number): string => {
  const bytes = Buffer.from(text.slice(0, limit), 'utf8')
  if (bytes.length <= limit) return text.slice(0, limit)
  let end = limit
  // 10xxxxxx continues a character: step back to where one begins.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString('utf8')
}

/** Error text of a stage or step: whoever sent it, it is bounded and holds no control characters (threats.md T-33). */
export const errorText = (text: string): string =>
  // Cut before and after cleaning: neither a huge text nor a cut pair of surrogates gets through.
  cutBytes(cleanText(text.slice(0, errorLimitBytes * 4)), errorLimitBytes)
