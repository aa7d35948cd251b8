import { invalid } from '@waggle/domain'

/** How far the clocks of a place are ahead of UTC at an instant; milliseconds. */
export interface TimeZone {
  readonly name: string
  offsetAt(instantMs: number): number
}

const known = new Map<string, TimeZone>()
// Every spelling of every name would fit; a bound, for the names come from requests.
const mostKnown = 1_000

/** The zone of a name of the IANA database, such as `Europe/Berlin`, or an offset such as `+05:30`. Throws `invalid`
 *  `bad_time_zone`. */
export const timeZone = (name: string): TimeZone => {
  const found = known.get(name)
  if (found) return found
  const made = makeZone(name)
  if (known.size >= mostKnown) known.clear()
  known.set(name, made)
  return made
}

const makeZone = (name: string): TimeZone => {
  if (name === 'UTC') return { name, offsetAt: () => 0 }
  const format = formatOf(name)
  const offsetAt = (instantMs: number): number => {
    const cells = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 }
    for (const { type, value } of format.formatToParts(instantMs))
      if (Object.hasOwn(cells, type)) cells[type as keyof typeof cells] = Number(value)
    const { year, month, day, hour, minute, second } = cells
    const local = Date.UTC(year, month - 1, day, hour, minute, second)
    return local - Math.floor(instantMs / 1_000) * 1_000
  }
  return { name, offsetAt }
}

const formatOf = (name: string): Intl.DateTimeFormat => {
  try {
    if (name.length > 100) throw new RangeError('too long')
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw invalid(
      'bad_time_zone',
      `timezone: ${JSON.stringify(name.slice(0, 100))} is not a time zone, such as Europe/Berlin`,
    )
  }
}
