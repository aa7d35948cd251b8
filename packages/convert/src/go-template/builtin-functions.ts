import { isList, isMap, type Value } from '../yaml-value.ts'
import { comparisons, isTrue } from './compare.ts'
import { escapeHtml } from './escape-html.ts'
import { formatText } from './format-text.ts'
import {
  countAt,
  type FunctionCall,
  type TemplateFunction,
  textAt,
  typeName,
  valueAt,
} from './function-call.ts'
import { printValue } from './print-value.ts'

const index = (call: FunctionCall): Value =>
  call.values.slice(1).reduce<Value>(
    (from, key) => {
      if (isMap(from)) {
        if (typeof key !== 'string') throw new TypeError(`index: ${typeName(key)} is no key`)
        return from.get(key) ?? null
      }
      if (typeof key !== 'bigint') throw new TypeError(`index: ${typeName(key)} is no position`)
      if (isList(from)) {
        if (key < 0n || key >= BigInt(from.length))
          throw new TypeError(`index: ${key} is out of range`)
        return from[Number(key)] ?? null
      }
      throw new TypeError(`index: ${typeName(from)} has no elements`)
    },
    valueAt(call, 0),
  )

const length = (call: FunctionCall): Value => {
  const value = valueAt(call, 0)
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (isList(value)) return BigInt(value.length)
  if (isMap(value)) return BigInt(value.size)
  throw new TypeError(`len: ${typeName(value)} has no length`)
}

const slice = (call: FunctionCall): Value => {
  const value = valueAt(call, 0)
  if (!isList(value) && typeof value !== 'string')
    throw new TypeError(`slice: ${typeName(value)} cannot be cut`)
  const start = call.values.length > 1 ? countAt(call, 1) : 0
  const size = typeof value === 'string' ? Buffer.byteLength(value) : value.length
  const end = call.values.length > 2 ? countAt(call, 2) : size
  if (start < 0 || end > size || start > end)
    throw new TypeError(`slice: ${start} to ${end} is out of range`)
  return typeof value === 'string'
    ? Buffer.from(value, 'utf8').subarray(start, end).toString('utf8')
    : value.slice(start, end)
}

/** Spaces stand between operands of which neither is a text. */
const print = ({ values }: FunctionCall): Value =>
  values.reduce<string>((text, value, at) => {
    const before = values[at - 1]
    const isApart = at > 0 && typeof before !== 'string' && typeof value !== 'string'
    return text + (isApart ? ' ' : '') + printValue(value)
  }, '')

const joined = ({ values }: FunctionCall): string =>
  values.map((value) => printValue(value)).join('')

/** Functions that Go's templates have of their own: fewest and most arguments, and what they do. `and` and `or` are
 *  the interpreter's, for they leave arguments unread. */
export const builtinFunctions: ReadonlyMap<string, readonly [number, number, TemplateFunction]> =
  new Map<string, readonly [number, number, TemplateFunction]>([
    ...comparisons,
    ['not', [1, 1, (call) => !isTrue(valueAt(call, 0))]],
    ['index', [1, 20, index]],
    ['slice', [1, 3, slice]],
    ['len', [1, 1, length]],
    ['print', [0, 100, print]],
    [
      'println',
      [0, 100, ({ values }) => `${values.map((value) => printValue(value)).join(' ')}\n`],
    ],
    ['printf', [1, 100, formatText]],
    ['html', [1, 100, (call) => escapeHtml(joined(call))]],
    ['urlquery', [1, 100, (call) => encodeQuery(joined(call))]],
    ['js', [1, 1, (call) => JSON.stringify(textAt(call, 0)).slice(1, -1)]],
  ])

export const encodeQuery = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
