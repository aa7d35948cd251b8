const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of a text such as `90s`, `10m`, `1h30m` or `1.5h`; `null` where it is none, also without a unit. */
export const parseDuration = (text: string): number | null => {
  if (text.length > 40 || !/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) return null
  let total = 0
  for (const [, number, unit] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g))
    total += Number(number) * (units[unit ?? ''] ?? 0)
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null
}

/** `1h30m`, `90s` as `1m30s`, `250ms`. */
export const durationText = (ms: number): string => {
  if (ms < 1_000) return `${ms}ms`
  const parts: string[] = []
  let rest = ms
  for (const unit of ['h', 'm', 's'] as const) {
    const size = units[unit] ?? 1
    const count = unit === 's' ? Math.round(rest / 100) / 10 : Math.floor(rest / size)
    if (count > 0) parts.push(`${count}${unit}`)
    rest -= count * size
  }
  return parts.join('')
}
