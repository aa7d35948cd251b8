import { InvalidArgumentError } from 'commander'

/** A whole number within limits. */
export const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d{1,15}$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(
        `must be a whole number from ${min}${max < 1e9 ? ` to ${max}` : ''}.`,
      )
    return value
  }

/** `--param A=1 --param B=2`. */
export const pairs = (text: string, known: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('must be NAME=VALUE.')
  return { ...known, [text.slice(0, at)]: text.slice(at + 1) }
}

/** An option that may be given several times, each with one or more names. */
export const names = (text: string, known: readonly string[] = []): string[] => [
  ...known,
  ...text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
]
