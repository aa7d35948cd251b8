import { isWaggleError } from '@waggle/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import { timeZone } from './time-zone.ts'

const limits = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const

/** One field, and which values it means by the words of the page. */
const field = ([min, max]: readonly [number, number]) => {
  const value = fc.integer({ min, max })
  const step = fc.integer({ min: 1, max: 20 })
  const every = (from: number, to: number, by: number) => (v: number) =>
    v >= from && v <= to && (v - from) % by === 0
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ text: '*', fits: () => true, isStar: true }) },
    step.map((by) => ({ text: `*/${by}`, fits: every(min, max, by), isStar: true })),
    value.map((v) => ({ text: `${v}`, fits: (x: number) => x === v, isStar: false })),
    fc.tuple(value, value, step).map(([a, b, by]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      return { text: `${from}-${to}/${by}`, fits: every(from, to, by), isStar: false }
    }),
    fc.tuple(value, step).map(([from, by]) => ({
      text: `${from}/${by}`,
      fits: every(from, max, by),
      isStar: false,
    })),
    fc.tuple(value, value).map(([a, b]) => ({
      text: `${a},${b}`,
      fits: (x: number) => x === a || x === b,
      isStar: false,
    })),
  )
}

const schedule = fc.tuple(
  field(limits[0]),
  field(limits[1]),
  field(limits[2]),
  field(limits[3]),
  field(limits[4]),
  field(limits[5]),
)

const instant = fc.integer({ min: Date.UTC(2024, 0, 1) / 1_000, max: Date.UTC(2032, 0, 1) / 1_000 })

test('the next time is the first second whose fields fit', () => {
  fc.assert(
    fc.property(schedule, instant, (fields, after) => {
      const [s, m, h, d, mo, w] = fields
      const isDay = (date: Date) => {
        const [byDay, byWeek] = [d.fits(date.getUTCDate()), w.fits(date.getUTCDay())]
        return d.isStar || w.isStar ? byDay && byWeek : byDay || byWeek
      }
      const isDue = (at: number) => {
        const date = new Date(at * 1_000)
        return (
          s.fits(date.getUTCSeconds()) &&
          m.fits(date.getUTCMinutes()) &&
          h.fits(date.getUTCHours()) &&
          mo.fits(date.getUTCMonth() + 1) &&
          isDay(date)
        )
      }
      const text = fields.map((one) => one.text).join(' ')
      const at = nextRun(parseSchedule(text), timeZone('UTC'), after * 1_000)
      if (at === null) return
      expect(at % 1_000).toBe(0)
      expect(isDue(at / 1_000)).toBe(true)
      // Looked at second by second as far as that takes no time, from both ends.
      const last = at / 1_000 - 1
      let missed = 0
      for (let x = after + 1; x <= Math.min(last, after + 4_000); x++) if (isDue(x)) missed++
      for (let x = last; x > Math.max(after, last - 4_000); x--) if (isDue(x)) missed++
      expect(missed).toBe(0)
    }),
    { numRuns: 150 },
  )
})

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC']

test('times in a zone only grow, fit the clock on the wall or the end of a gap, and none comes twice', () => {
  fc.assert(
    fc.property(schedule, instant, fc.constantFrom(...zones), (fields, after, name) => {
      const zone = timeZone(name)
      const parsed = parseSchedule(fields.map((one) => one.text).join(' '))
      const walls = new Set<number>()
      let from = after * 1_000
      for (let turn = 0; turn < 6; turn++) {
        const at = nextRun(parsed, zone, from)
        if (at === null) return
        expect(at).toBeGreaterThan(from)
        const wall = at + zone.offsetAt(at)
        const isGapEnd = zone.offsetAt(at) > zone.offsetAt(at - 1_000)
        const date = new Date(wall)
        const fits = fields[1].fits(date.getUTCMinutes()) && fields[2].fits(date.getUTCHours())
        expect(fits || isGapEnd).toBe(true)
        const isEveryHour = parsed.kind === 'fields' && parsed.hours.length === 24
        expect(!isEveryHour && walls.has(wall)).toBe(false)
        walls.add(wall)
        from = at
      }
    }),
    { numRuns: 150 },
  )
})

const fate = (text: string): string => {
  try {
    const at = nextRun(parseSchedule(text), timeZone('UTC'), 0)
    if (at === null) return 'never'
    return at > 0 ? 'due' : 'in the past'
  } catch (error) {
    return isWaggleError(error, 'invalid') ? 'refused' : `broken: ${String(error)}`
  }
}

test('no text breaks the reader', () => {
  const word = fc.constantFrom('*', '?', '/', '-', ',', ' ', '@every ', '1h', '59', '0', 'mon', 'é')
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(word, { maxLength: 60 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      expect(['due', 'never', 'refused']).toContain(fate(given))
    }),
    { numRuns: 2_000 },
  )
})
