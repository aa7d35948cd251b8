import { describe, expect, it, test } from 'vitest'
import { type FieldSchedule, parseSchedule } from './parse-schedule.ts'

const fields = (text: string): FieldSchedule => {
  const schedule = parseSchedule(text)
  if (schedule.kind !== 'fields') throw new Error('no fields')
  return schedule
}

describe('an expression', () => {
  it('has six fields, the second first', () => {
    expect(fields('1 2 3 4 5 6')).toMatchObject({
      seconds: [1],
      minutes: [2],
      hours: [3],
      days: [4],
      months: [5],
      weekdays: [6],
      isEitherDay: true,
    })
  })

  it('of five fields has any weekday, and still begins with the second', () => {
    expect(fields('0 30 4 1 *')).toEqual(fields('0 30 4 1 * *'))
    expect(fields('0 30 4 1 *')).toMatchObject({ minutes: [30], hours: [4], days: [1] })
  })

  test.each([
    ['*', [0, 1, 2, 3, 4, 5, 6]],
    ['?', [0, 1, 2, 3, 4, 5, 6]],
    ['3', [3]],
    ['1-3', [1, 2, 3]],
    ['1-6/2', [1, 3, 5]],
    ['*/3', [0, 3, 6]],
    ['2/2', [2, 4, 6]],
    ['5/9', [5]],
    ['5,1,1-2', [1, 2, 5]],
    ['sun', [0]],
    ['MON-Fri', [1, 2, 3, 4, 5]],
    ['mon-fri/2,SAT', [1, 3, 5, 6]],
  ])('takes the weekday %s', (text, weekdays) => {
    expect(fields(`0 0 0 * * ${text}`).weekdays).toEqual(weekdays)
  })

  it('takes months by name', () => {
    expect(fields('0 0 0 1 jan,Mar-MAY,12 *').months).toEqual([1, 3, 4, 5, 12])
  })

  test.each([
    ['0 0 0 1 * 1', true],
    ['0 0 0 * * 1', false],
    ['0 0 0 1 * ?', false],
    ['0 0 0 */2 * 1', false],
    ['0 0 0 1 * 1,*', false],
  ])('%s needs either day: %s', (text, isEitherDay) => {
    expect(fields(text).isEitherDay).toBe(isEitherDay)
  })

  test.each([
    ['@yearly', '0 0 0 1 1 *'],
    ['@annually', '0 0 0 1 1 *'],
    ['@monthly', '0 0 0 1 * *'],
    ['@weekly', '0 0 0 * * 0'],
    ['@daily', '0 0 0 * * *'],
    ['@midnight', '  0 0\t0 * * * '],
    ['@hourly', '0 0 * * * *'],
  ])('%s is %s', (word, meaning) => {
    expect(parseSchedule(word)).toEqual(parseSchedule(meaning))
  })

  test.each([
    ['@every 1h30m', 5_400_000],
    ['@every 90s', 90_000],
    ['@every 2500ms', 2_000],
    ['@every 1ms', 1_000],
    ['@every 1.5h', 5_400_000],
  ])('%s is every %i ms', (text, everyMs) => {
    expect(parseSchedule(text)).toEqual({ kind: 'every', everyMs })
  })

  test.each([
    ['', 'has 0 fields, must have six: second minute hour day month weekday'],
    ['* * * *', 'has 4 fields'],
    ['* * * * * * *', 'has 7 fields'],
    ['60 * * * * *', 'field 1 (second): 60 is not from 0 to 59'],
    ['0 x * * * *', 'field 2 (minute): "x" is not a number'],
    ['0 0 24 * * *', 'field 3 (hour): 24 is not from 0 to 23'],
    ['0 0 0 0 * *', 'field 4 (day of month): 0 is not from 1 to 31'],
    ['0 0 0 1 foo *', 'field 5 (month): "foo" is not a number or one of jan, feb'],
    ['0 0 0 1 * 7', 'field 6 (day of week): 7 is not from 0 to 6'],
    ['0 0 0 1 * fri-mon', 'field 6 (day of week): "fri-mon" ends before it begins'],
    ['*/0 * * * * *', 'field 1 (second): a step must not be 0'],
    ['*/x * * * * *', 'field 1 (second): step "x" is not a number'],
    ['*/ * * * * *', 'field 1 (second): step "" is not a number'],
    ['1,,2 * * * * *', 'field 1 (second): an entry of the list is empty'],
    ['1-2-3 * * * * *', 'field 1 (second): "1-2-3" has more than one "-"'],
    ['*/2/3 * * * * *', 'field 1 (second): "*/2/3" has more than one "/"'],
    ['*-5 * * * * *', 'field 1 (second): "*" is not a number'],
    ['-5 * * * * *', 'field 1 (second): "" is not a number'],
    ['99999999999999999999 * * * * *', 'field 1 (second): "99999999999999999999" is not a number'],
    ['TZ=UTC 0 0 0 * * *', 'has 7 fields'],
    ['@dayly', '"@dayly" is none of @yearly, @annually'],
    ['@toString', '"@toString" is none of'],
    ['@daily 1', '"@daily 1" is none of'],
    ['@every', '@every: must be followed by a duration such as 1h30m'],
    ['@every 5', '@every: must be followed by a duration'],
    ['@every -1h', '@every: the duration must be longer than zero'],
    ['@every 0', '@every: the duration must be longer than zero'],
    ['@every 1000000h', '@every: the duration is longer than 100 years'],
    ['0 '.repeat(1_000), 'longer than 250 characters'],
  ])('%s is refused with its place', (text, why) => {
    expect(() => parseSchedule(text)).toThrow(`Invalid Cronjob Expression: ${why}`)
  })
})
