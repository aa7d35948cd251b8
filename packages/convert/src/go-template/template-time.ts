import type { Value } from '../yaml-value.ts'
import { typeName } from './function-call.ts'

/** Milliseconds since 1970 of a time's text (RFC 3339 or a date), or of a number of seconds. */
export const parseTime = (value: Value): number => {
  if (typeof value === 'bigint' && value >= 0n && value < 1n << 40n) return Number(value) * 1_000
  if (typeof value !== 'string') throw new TypeError(`time: ${typeName(value)} is no time`)
  const isKnown =
    value.length <= 40 &&
    /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?$/.test(value)
  const zoned = /T| /.test(value) && !/(Z|[+-]\d{2}:\d{2})$/.test(value) ? `${value}Z` : value
  const time = isKnown ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(time))
    throw new TypeError(`time: ${JSON.stringify(value.slice(0, 40))} is no time`)
  return time
}

const months =
  'January February March April May June July August September October November December'.split(' ')
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const part =
  /2006|06|January|Jan|01|1(?!5)|Monday|Mon|02|_2|2|15|03|3|04|4|05|5|PM|pm|MST|Z07:00|-07:00|-0700|\.000/g

/** A time in UTC by an example layout, as Go has them. */
export const formatTime = (layout: string, timeMs: number): string => {
  const time = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const hour = time.getUTCHours()
  const month = months[time.getUTCMonth()] ?? ''
  const day = days[time.getUTCDay()] ?? ''
  const values: Readonly<Record<string, string>> = {
    '2006': String(time.getUTCFullYear()),
    '06': two(time.getUTCFullYear() % 100),
    January: month,
    Jan: month.slice(0, 3),
    '01': two(time.getUTCMonth() + 1),
    '1': String(time.getUTCMonth() + 1),
    Monday: day,
    Mon: day.slice(0, 3),
    '02': two(time.getUTCDate()),
    _2: String(time.getUTCDate()).padStart(2),
    '2': String(time.getUTCDate()),
    '15': two(hour),
    '03': two(hour % 12 || 12),
    '3': String(hour % 12 || 12),
    '04': two(time.getUTCMinutes()),
    '4': String(time.getUTCMinutes()),
    '05': two(time.getUTCSeconds()),
    '5': String(time.getUTCSeconds()),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
    MST: 'UTC',
    'Z07:00': 'Z',
    '-07:00': '+00:00',
    '-0700': '+0000',
    '.000': `.${String(time.getUTCMilliseconds()).padStart(3, '0')}`,
  }
  return layout.replace(part, (found) => values[found] ?? found)
}
