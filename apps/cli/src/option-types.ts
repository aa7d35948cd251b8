import { InvalidArgumentError } from 'commander'

/** A whole number within limits. */
export const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^-?\d{1,15}$/.test(text) || value < min || value > max)
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

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** `90s`, `10m`, `2h`, `1h30m`, or minutes; as milliseconds. */
export const duration = (text: string): number => {
  const parts = /^\d{1,6}$/.test(text) ? [`${text}m`] : (text.match(/\d{1,6}[smh]/g) ?? [])
  const totalMs = parts.reduce(
    (sum, part) => sum + Number(part.slice(0, -1)) * (unitMs[part.slice(-1)] ?? 0),
    0,
  )
  const isWhole = parts.join('') === text || /^\d{1,6}$/.test(text)
  if (!isWhole || totalMs < 1_000 || totalMs > 70 * 24 * 3_600_000)
    throw new InvalidArgumentError('must be a time from 1s to 70 days, such as 90s, 10m or 2h.')
  return totalMs
}

type Mount = { readonly source: string; readonly target: string; readonly readOnly: boolean }

/** `--volume /host/folder:/in/container:ro`. */
export const mounts = (text: string, known: readonly Mount[] = []): readonly Mount[] => {
  const [source = '', target = '', mode, ...more] = text.split(':')
  const isAbsolute = source.startsWith('/') && target.startsWith('/')
  if (!isAbsolute || more.length > 0 || !['ro', 'rw', undefined].includes(mode))
    throw new InvalidArgumentError('must be /host/folder:/container/folder, with :ro to read only.')
  return [...known, { source, target, readOnly: mode === 'ro' }]
}
