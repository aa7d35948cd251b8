const units = 'kmgtp'

/** Reads a size such as `1.5g` or `64 MiB`: powers of 1024 whatever the spelling (pipeline.md §3.6).
 *  `null`: not a size. */
export const parseByteSize = (text: string): number | null => {
  if (text.length > 64) return null
  const match = /^(\d+(?:\.\d+)*) ?([kKmMgGtTpP])?[iI]?[bB]?$/.exec(text)
  if (!match) return null
  const number = Number(match[1])
  if (!Number.isFinite(number)) return null
  const power = match[2] === undefined ? 0 : units.indexOf(match[2].toLowerCase()) + 1
  const bytes = Math.trunc(number * 1024 ** power)
  return Number.isSafeInteger(bytes) ? bytes : null
}
