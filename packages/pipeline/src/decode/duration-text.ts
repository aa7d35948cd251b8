const units = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `1h30m`, `90s` as `1m30s`, `250ms`. */
export const durationText = (ms: number): string => {
  if (ms < 1_000) return `${ms}ms`
  const parts: string[] = []
  let rest = ms
  for (const unit of ['h', 'm', 's'] as const) {
    const size = units[unit]
    const count = unit === 's' ? Math.round(rest / 100) / 10 : Math.floor(rest / size)
    if (count > 0) parts.push(`${count}${unit}`)
    rest -= count * size
  }
  return parts.join('')
}
