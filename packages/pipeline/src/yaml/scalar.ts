import type { YamlScalar } from './yaml-node.ts'

export type ScalarValue =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'str'; readonly value: string }

const trueWords = new Set('y Y yes Yes YES true True TRUE on On ON'.split(' '))
const falseWords = new Set('n N no No NO false False FALSE off Off OFF'.split(' '))
const nullWords = new Set(['', '~', 'null', 'Null', 'NULL'])
const infinities = new Set(['.inf', '.Inf', '.INF'])
const notNumbers = new Set(['.nan', '.NaN', '.NAN'])

const maxInt = 2n ** 64n
const minInt = -(2n ** 63n)

/** What a scalar is, by the dialect of pipeline.md §3.3. Only plain scalars resolve; a timestamp is its text. */
export const resolveScalar = (scalar: YamlScalar): ScalarValue => {
  if (scalar.tag === 'tag:yaml.org,2002:binary') {
    return { type: 'str', value: Buffer.from(scalar.text, 'base64').toString('utf8') }
  }
  const isString = scalar.style !== 'plain' || scalar.tag === 'tag:yaml.org,2002:str'
  if (isString || scalar.tag === '!') return { type: 'str', value: scalar.text }
  return resolvePlain(scalar.text)
}

export const resolvePlain = (text: string): ScalarValue => {
  if (nullWords.has(text)) return { type: 'null' }
  if (trueWords.has(text)) return { type: 'bool', value: true }
  if (falseWords.has(text)) return { type: 'bool', value: false }
  return resolveNumber(text) ?? { type: 'str', value: text }
}

/** Asked of every field, so it looks no further than at the words. */
export const isNull = (scalar: YamlScalar): boolean =>
  scalar.style === 'plain' &&
  nullWords.has(scalar.text) &&
  (scalar.tag === '' || resolveScalar(scalar).type === 'null')

const resolveNumber = (text: string): ScalarValue | null => {
  // Longer than any number that has a meaning here; keeps the patterns below from costing more than that.
  if (text.length > 400 || !/^[-+.0-9]/.test(text)) return null
  if (notNumbers.has(text)) return { type: 'float', value: Number.NaN }
  if (infinities.has(text.replace(/^[-+]/, ''))) {
    return { type: 'float', value: text.startsWith('-') ? -Infinity : Infinity }
  }
  if (text.startsWith('.')) {
    return /^\.[0-9]+([eE][-+]?[0-9]+)?$/.test(text) ? { type: 'float', value: Number(text) } : null
  }
  const bare = text.replaceAll('_', '')
  const int = readInt(bare)
  if (int !== null) return { type: 'int', value: int }
  if (!/^[-+]?[0-9]*\.?[0-9]+([eE][-+][0-9]+)?$/.test(bare)) return null
  return { type: 'float', value: Number(bare) }
}

const readInt = (text: string): bigint | null => {
  const isNegative = text.startsWith('-')
  const digits = text.replace(/^[-+]/, '')
  const literal = intLiteral(digits)
  if (literal === null) return null
  const value = isNegative ? -BigInt(literal) : BigInt(literal)
  return value >= minInt && value < maxInt ? value : null
}

const intLiteral = (digits: string): string | null => {
  if (/^0[xX][0-9a-fA-F]+$/.test(digits)) return digits
  if (/^0[bB][01]+$/.test(digits)) return digits
  if (/^0[oO]?[0-7]+$/.test(digits)) return `0o${digits.replace(/^0[oO]?/, '')}`
  return /^(0|[1-9][0-9]*)$/.test(digits) ? digits : null
}
