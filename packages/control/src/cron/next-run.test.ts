import { describe, expect, it, test } from 'vitest'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import { timeZone } from './time-zone.ts'

const next = (expression: string, after: string, zone = 'UTC'): string | null => {
  const at = nextRun(parseSchedule(expression), timeZone(zone), Date.parse(after))
  return at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z')
}

/** Every time at which it is due in a while. */
const all = (expression: string, from: string, to: string, zone: string): string[] => {
  const found: string[] = []
  for (let at: string | null = from; at !== null && found.length < 100; ) {
    at = next(expression, at, zone)
    if (at === null || at > to) break
    found.push(at.slice(11, 16))
  }
  return found
}

test.each([
  ['* * * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
  ['* * * * * *', '2026-01-01T00:00:00.999Z', '2026-01-01T00:00:01Z'],
  ['0 0 4 * * *', '2026-01-01T04:00:00Z', '2026-01-02T04:00:00Z'],
  ['0 0 4 * * *', '2026-01-01T03:59:59.999Z', '2026-01-01T04:00:00Z'],
  ['30 15,45 9-17 * * mon-fri', '2026-11-20T17:45:30Z', '2026-11-23T09:15:30Z'],
  ['5 */20 * * * *', '2026-01-01T10:40:06Z', '2026-01-01T11:00:05Z'],
  ['0 0 0 1 jan *', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['0 0 0 31 * *', '2026-01-31T00:00:00Z', '2026-03-31T00:00:00Z'],
  ['@weekly', '2026-11-23T00:00:00Z', '2026-11-29T00:00:00Z'],
  // Five fields: second, minute, hour, day, month.
  ['0 30 4 1 *', '2026-11-23T00:00:00Z', '2026-12-01T04:30:00Z'],
  // A day of either kind, where both are restricted; else of both.
  ['0 0 0 13 * 5', '2026-11-08T00:00:00Z', '2026-11-13T00:00:00Z'],
  ['0 0 0 14 * 5', '2026-11-13T00:00:00Z', '2026-11-14T00:00:00Z'],
  ['0 0 0 */2 * 5', '2026-11-14T00:00:00Z', '2026-11-27T00:00:00Z'],
  ['@every 1h30m', '2026-01-01T00:00:00.700Z', '2026-01-01T01:30:00Z'],
])('%s is after %s due at %s', (expression, after, expected) => {
  expect(next(expression, after)).toBe(expected)
})

describe('dates that are rare', () => {
  it('finds February 29 across the year 2100, which has none', () => {
    expect(next('0 0 0 29 2 *', '2096-02-29T00:00:00Z')).toBe('2104-02-29T00:00:00Z')
  })

  it('finds a February 29 on a Sunday 40 years on', () => {
    expect(next('0 0 0 29 2 */7', '2088-02-29T00:00:00Z')).toBe('2128-02-29T00:00:00Z')
  })

  test.each(['0 0 0 30 2 *', '0 0 0 31 2,4,6,9,11 *'])('%s is never due', (expression) => {
    expect(next(expression, '2026-01-01T00:00:00Z')).toBeNull()
    expect(next(expression, '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBeNull()
  })
})

describe('a time zone', () => {
  it('moves a schedule, in winter and in summer', () => {
    expect(next('0 0 4 * * *', '2026-01-10T00:00:00Z', 'Europe/Berlin')).toBe(
      '2026-01-10T03:00:00Z',
    )
    expect(next('0 0 4 * * *', '2026-07-10T00:00:00Z', 'Europe/Berlin')).toBe(
      '2026-07-10T02:00:00Z',
    )
    expect(next('0 0 0 * * *', '2026-07-10T00:00:00Z', 'Asia/Kolkata')).toBe('2026-07-10T18:30:00Z')
    expect(next('0 0 0 * * *', '2026-07-10T00:00:00Z', '-03:00')).toBe('2026-07-10T03:00:00Z')
  })

  it('counts days by its own midnight', () => {
    expect(next('0 30 23 * * sun', '2026-11-22T12:00:00Z', 'America/New_York')).toBe(
      '2026-11-23T04:30:00Z',
    )
  })

  test.each(['', 'Mars/Olympus', 'x'.repeat(5_000), 'constructor'])('%j is refused', (name) => {
    expect(() => timeZone(name)).toThrow('is not a time zone')
  })
})

// Berlin: on 2026-03-29 at 01:00 UTC the clocks go from 02:00 to 03:00.
describe('clocks that are put forward', () => {
  const from = '2026-03-29T00:30:00Z'

  it('make a time of the gap due once, at its end', () => {
    expect(all('0 15,45 2 * * *', from, '2026-03-29T22:00:00Z', 'Europe/Berlin')).toEqual(['01:00'])
    expect(next('0 30 2 * * *', '2026-03-29T01:00:00Z', 'Europe/Berlin')).toBe(
      '2026-03-30T00:30:00Z',
    )
  })

  it('leave what is due every hour an hour apart', () => {
    const times = all('0 30 * * * *', from, '2026-03-29T03:00:00Z', 'Europe/Berlin')
    expect(times).toEqual(['01:30', '02:30'])
    expect(all('0 0 2,3 * * *', from, '2026-03-29T03:00:00Z', 'Europe/Berlin')).toEqual(['01:00'])
  })
})

// Berlin: on 2026-10-25 at 01:00 UTC the clocks go from 03:00 to 02:00.
describe('clocks that are put back', () => {
  const from = '2026-10-24T23:30:00Z'

  it('make a time that comes twice due once', () => {
    const times = all('0 15,45 2 * * *', from, '2026-10-25T20:00:00Z', 'Europe/Berlin')
    expect(times).toEqual(['00:15', '00:45'])
    // Asked in the middle of the second pass.
    expect(next('0 30 2 * * *', '2026-10-25T01:10:00Z', 'Europe/Berlin')).toBe(
      '2026-10-26T01:30:00Z',
    )
    expect(next('0 30 3 * * *', '2026-10-25T01:10:00Z', 'Europe/Berlin')).toBe(
      '2026-10-25T02:30:00Z',
    )
  })

  it('leave what is due every hour an hour apart', () => {
    const times = all('0 30 * * * *', from, '2026-10-25T03:00:00Z', 'Europe/Berlin')
    expect(times).toEqual(['00:30', '01:30', '02:30'])
  })

  it('of half an hour count too', () => {
    const end = '2026-04-05T00:00:00Z'
    const times = all('0 45 1 * * *', '2026-04-04T12:00:00Z', end, 'Australia/Lord_Howe')
    expect(times).toEqual(['14:45'])
  })
})

it('passes over changes of the clock on the way to a rare date', () => {
  expect(next('0 0 0 29 2 *', '2026-03-01T00:00:00Z', 'America/New_York')).toBe(
    '2028-02-29T05:00:00Z',
  )
  expect(next('0 0 12 1 7 *', '2026-10-01T00:00:00Z', 'America/New_York')).toBe(
    '2027-07-01T16:00:00Z',
  )
})
