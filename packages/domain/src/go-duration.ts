const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a duration as Go writes it: `1h30m`, `1.5h`, `-5m`, `0`; `null` where it is none. */
export const parseGoDuration = (text: string): number | null => {
  const isNegative = text.startsWith('-')
  const body = isNegative || text.startsWith('+') ? text.slice(1) : text
  if (body === '0') return 0
  if (body === '' || body.length > 60) return null
  let total = 0
  for (let at = 0; at < body.length; ) {
    const digits = endOf(body, at, isDigitOrPoint)
    const end = endOf(body, digits, (char) => !isDigitOrPoint(char))
    const number = body.slice(at, digits)
    const unit = body.slice(digits, end)
    if (!/^(\d+\.?\d*|\.\d+)$/.test(number) || !Object.hasOwn(units, unit)) return null
    total += Number(number) * (units[unit] ?? 0)
    at = end
  }
  return isNegative ? -total : total
}

const isDigitOrPoint = (char: string): boolean => (char >= '0' && char <= '9') || char === '.'

const endOf = (text: string, from: number, fits: (char: string) => boolean): number => {
  let at = from
  while (at < text.length && fits(text.charAt(at))) at++
  return at
}
