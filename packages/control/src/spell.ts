const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const

/** A span in its largest unit and the next: 45 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export const spell = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const at = units.findIndex(([size]) => seconds >= size)
  const [big, small] = [units[at], units[at + 1]]
  if (!big) return '0 s'
  const rest = small ? Math.floor((seconds % big[0]) / small[0]) : 0
  const first = `${Math.floor(seconds / big[0])} ${big[1]}`
  return small && rest > 0 ? `${first} ${rest} ${small[1]}` : first
}
