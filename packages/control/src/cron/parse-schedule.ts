import { invalid, parseGoDuration } from '@waggle/domain'

/** When a cron is due (scheduling.md §11). Lists are ascending. */
export type Schedule =
  | { readonly kind: 'every'; readonly everyMs: number }
  | {
      readonly kind: 'fields'
      readonly seconds: readonly number[]
      readonly minutes: readonly number[]
      readonly hours: readonly number[]
      readonly days: readonly number[]
      readonly months: readonly number[]
      readonly weekdays: readonly number[]
      /** Both day fields are restricted, so that a day which matches either is enough. */
      readonly isEitherDay: boolean
    }

export type FieldSchedule = Extract<Schedule, { kind: 'fields' }>

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  /** Names in the order of their numbers, from `min` on. */
  readonly words: readonly string[]
}

const field = (name: string, min: number, max: number, words = ''): Field => ({
  name,
  min,
  max,
  words: words === '' ? [] : words.split(' '),
})

const fields = [
  field('second', 0, 59),
  field('minute', 0, 59),
  field('hour', 0, 23),
  field('day of month', 1, 31),
  field('month', 1, 12, 'jan feb mar apr may jun jul aug sep oct nov dec'),
  field('day of week', 0, 6, 'sun mon tue wed thu fri sat'),
] as const

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
}

const expressionLimit = 250
const longestMs = 100 * 366 * 86_400_000

/** Reads an expression: six fields, five (then the weekday is `*`), a descriptor, or `@every` with a Go duration. Throws
 *  `invalid` `bad_cron_expression`, which names the field. Takes time in proportion to the text, which is bounded. */
export const parseSchedule = (text: string): Schedule => {
  if (text.length > expressionLimit) throw bad(`longer than ${expressionLimit} characters`)
  const words = text.split(/[ \t]+/).filter((word) => word !== '')
  const [first = ''] = words
  if (first === '@every') return parseEvery(words.slice(1))
  if (first.startsWith('@')) {
    const meaning = words.length === 1 ? descriptors[first] : undefined
    if (meaning === undefined || !Object.hasOwn(descriptors, first))
      throw bad(`${quote(text)} is none of ${Object.keys(descriptors).join(', ')}, @every`)
    return parseFields(meaning.split(' '))
  }
  return parseFields(words)
}

const parseEvery = (words: readonly string[]): Schedule => {
  const [word = ''] = words
  const ms = words.length === 1 ? parseGoDuration(word) : null
  if (ms === null) throw bad('@every: must be followed by a duration such as 1h30m')
  if (ms <= 0) throw bad('@every: the duration must be longer than zero')
  if (ms > longestMs) throw bad('@every: the duration is longer than 100 years')
  return { kind: 'every', everyMs: Math.max(1, Math.floor(ms / 1_000)) * 1_000 }
}

const parseFields = (words: readonly string[]): Schedule => {
  if (words.length !== 5 && words.length !== 6)
    throw bad(`has ${words.length} fields, must have six: second minute hour day month weekday`)
  const texts = words.length === 5 ? [...words, '*'] : words
  const parsed = fields.map((field, index) => parseField(field, index + 1, texts[index] ?? ''))
  const [seconds, minutes, hours, days, months, weekdays] = parsed.map(({ values }) => values)
  return {
    kind: 'fields',
    seconds: seconds ?? [],
    minutes: minutes ?? [],
    hours: hours ?? [],
    days: days ?? [],
    months: months ?? [],
    weekdays: weekdays ?? [],
    isEitherDay: !parsed[3]?.isStar && !parsed[5]?.isStar,
  }
}

interface Parsed {
  readonly values: readonly number[]
  /** A part of it begins with `*` or `?`: then it does not restrict the days by itself. */
  readonly isStar: boolean
}

const parseField = (field: Field, place: number, text: string): Parsed => {
  const wrong = (why: string) => bad(`field ${place} (${field.name}): ${why}`)
  const values = new Set<number>()
  let isStar = false
  for (const part of text.split(',')) {
    const range = parsePart(field, part, wrong)
    isStar ||= range.isStar
    for (let value = range.from; value <= range.to; value += range.step) values.add(value)
  }
  return { values: [...values].sort((a, b) => a - b), isStar }
}

interface Range {
  readonly from: number
  readonly to: number
  readonly step: number
  readonly isStar: boolean
}

type Wrong = (why: string) => Error

const parsePart = (field: Field, part: string, wrong: Wrong): Range => {
  if (part === '') throw wrong('an entry of the list is empty')
  const [range = '', stepText, ...moreSteps] = part.split('/')
  if (moreSteps.length > 0) throw wrong(`${quote(part)} has more than one "/"`)
  const step = stepText === undefined ? 1 : readStep(stepText, wrong)
  if (range === '*' || range === '?') return { from: field.min, to: field.max, step, isStar: true }
  const [low = '', high, ...moreEnds] = range.split('-')
  if (moreEnds.length > 0) throw wrong(`${quote(part)} has more than one "-"`)
  const from = readValue(field, low, wrong)
  // One value with a step goes on to the end: 5/15 is 5-59/15.
  const open = stepText === undefined ? from : field.max
  const to = high === undefined ? open : readValue(field, high, wrong)
  if (to < from) throw wrong(`${quote(range)} ends before it begins`)
  return { from, to, step, isStar: false }
}

const readStep = (text: string, wrong: Wrong): number => {
  const step = readNumber(text)
  if (step === null) throw wrong(`step ${quote(text)} is not a number`)
  if (step === 0) throw wrong('a step must not be 0')
  return step
}

const readValue = (field: Field, text: string, wrong: Wrong): number => {
  const word = field.words.indexOf(text.toLowerCase())
  const value = word === -1 ? readNumber(text) : word + field.min
  if (value === null) {
    const names = field.words.length > 0 ? ` or one of ${field.words.join(', ')}` : ''
    throw wrong(`${quote(text)} is not a number${names}`)
  }
  if (value < field.min || value > field.max)
    throw wrong(`${value} is not from ${field.min} to ${field.max}`)
  return value
}

const readNumber = (text: string): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null)

const quote = (text: string): string => JSON.stringify(text.slice(0, 40))

const bad = (why: string) => invalid('bad_cron_expression', `Invalid Cronjob Expression: ${why}`)
