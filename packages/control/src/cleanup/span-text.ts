const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A span in its two largest units: `1d2h`, `30m`, `0s`. */
export const spanText = (ms: number): string => {
  let rest = Math.max(0, Math.round(ms / 1_000) * 1_000)
  const parts: string[] = []
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
    if (parts.length === 2) break
  }
  return parts.join('') || '0s'
}
