import type { FieldSchedule, Schedule } from './parse-schedule.ts'
import type { TimeZone } from './time-zone.ts'

const dayMs = 86_400_000
const secondMs = 1_000
/** The calendar repeats after 400 years: what does not occur in them never does. */
const searchYears = 400

/** The first instant after `afterMs` at which the schedule is due; `null` = never (February 30).
 *
 *  Clocks that are put forward leave a gap, clocks put back go through an hour twice. A schedule that names hours follows
 *  the clock on the wall: what falls into the gap is due once, when the gap ends, and what would come twice is due the
 *  first time. One of every hour follows time as it passes: nothing is due in the gap, and both hours count. */
export const nextRun = (schedule: Schedule, zone: TimeZone, afterMs: number): number | null => {
  if (schedule.kind === 'every') return Math.floor(afterMs / secondMs) * secondMs + schedule.everyMs
  const isEveryHour = schedule.hours.length === 24
  // An instant at which `offset` holds, and the wall's clock from which on a match counts.
  let cursor = afterMs
  let offset = zone.offsetAt(afterMs)
  let from = (Math.floor((afterMs + offset) / secondMs) + 1) * secondMs
  for (;;) {
    const match = firstMatch(schedule, from)
    if (match === null) return null
    const at = match - offset
    if (zone.offsetAt(at) === offset) {
      const end = isEveryHour ? null : endOfSecondPass(zone, at, offset)
      if (end === null) return at
      from = end
      continue
    }
    // No match lies between the cursor and `at`, so that one change between them is as good as another.
    const change = findChange(zone, cursor, at)
    const later = zone.offsetAt(change)
    const isGap = later > offset
    if (isGap && !isEveryHour && match < change + later) return change
    from = change + (isGap || isEveryHour ? later : offset)
    cursor = change
    offset = later
  }
}

// Clocks are put back by two hours at most.
const longestPassMs = 3 * 3_600_000

/** Where the wall's clock at this instant had been before: what it shows when that is over. */
const endOfSecondPass = (zone: TimeZone, at: number, offset: number): number | null => {
  const before = zone.offsetAt(at - longestPassMs)
  if (before <= offset) return null
  const end = findChange(zone, at - longestPassMs, at) + before
  return at + offset < end ? end : null
}

/** The first second with another offset than at `fromMs`, given that `toMs` has another one. */
const findChange = (zone: TimeZone, fromMs: number, toMs: number): number => {
  const offset = zone.offsetAt(fromMs)
  let low = Math.floor(fromMs / secondMs)
  let high = Math.ceil(toMs / secondMs)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (zone.offsetAt(middle * secondMs) === offset) low = middle
    else high = middle
  }
  return high * secondMs
}

/** The first match from `fromMs` on, on a clock without zones; both as if they were UTC. */
const firstMatch = (schedule: FieldSchedule, fromMs: number): number | null => {
  const today = Math.floor(fromMs / dayMs) * dayMs
  if (firstDay(schedule, today, today) === today) {
    const time = firstTime(schedule, (fromMs - today) / secondMs)
    if (time !== null) return today + time * secondMs
  }
  const end = Date.UTC(new Date(today).getUTCFullYear() + searchYears, 11, 31)
  const day = firstDay(schedule, today + dayMs, end)
  return day === null ? null : day + (firstTime(schedule, 0) ?? 0) * secondMs
}

const firstDay = (schedule: FieldSchedule, fromMs: number, endMs: number): number | null => {
  const start = new Date(fromMs)
  for (let year = start.getUTCFullYear(); Date.UTC(year, 0, 1) <= endMs; year++)
    for (const month of schedule.months) {
      const first = Date.UTC(year, month - 1, 1)
      const count = (Date.UTC(year, month, 1) - first) / dayMs
      // Whole months go by at once, so that a date which never comes costs little.
      if (first + count * dayMs <= fromMs) continue
      const found = daysOf(schedule, first, count).find((day) => day >= fromMs)
      if (found !== undefined) return found <= endMs ? found : null
    }
  return null
}

/** Days of a month that match. */
const daysOf = (schedule: FieldSchedule, firstMs: number, count: number): readonly number[] => {
  const { days, weekdays, isEitherDay } = schedule
  const weekdayOf = (day: number) => new Date(firstMs + (day - 1) * dayMs).getUTCDay()
  const isRight = (day: number) => weekdays.includes(weekdayOf(day))
  const every = isEitherDay ? Array.from({ length: count }, (_, index) => index + 1) : days
  return every
    .filter((day) => day <= count && ((isEitherDay && days.includes(day)) || isRight(day)))
    .map((day) => firstMs + (day - 1) * dayMs)
}

/** The first time of day from a second of it on, as a second of the day. */
const firstTime = (schedule: FieldSchedule, fromSecond: number): number | null => {
  const { hours, minutes, seconds } = schedule
  const hour = Math.floor(fromSecond / 3_600)
  const minute = Math.floor(fromSecond / 60) % 60
  const second = fromSecond % 60
  const [firstMinute = 0] = minutes
  const [firstSecond = 0] = seconds
  if (hours.includes(hour)) {
    if (minutes.includes(minute)) {
      const found = seconds.find((value) => value >= second)
      if (found !== undefined) return hour * 3_600 + minute * 60 + found
    }
    const found = minutes.find((value) => value > minute)
    if (found !== undefined) return hour * 3_600 + found * 60 + firstSecond
  }
  const found = hours.find((value) => value > hour)
  return found === undefined ? null : found * 3_600 + firstMinute * 60 + firstSecond
}
