import { isList, isMap, type Value } from '../yaml-value.ts'
import { type TemplateFunction, typeName, valueAt } from './function-call.ts'
import { byCodePoint } from './print-value.ts'

const isBasic = (value: Value): boolean => !isList(value) && !isMap(value)

/** Go compares only values of one kind: `eq 1 1.0` is an error. Null equals null alone. */
const areEqual = (name: string, left: Value, right: Value): boolean => {
  if (left === null || right === null) return left === right
  if (!isBasic(left) || !isBasic(right))
    throw new TypeError(`${name}: lists and mappings cannot be compared`)
  if (typeof left !== typeof right)
    throw new TypeError(`${name}: ${typeName(left)} cannot be compared with ${typeName(right)}`)
  return left === right
}

const isLess = (name: string, left: Value, right: Value): boolean => {
  if (typeof left === 'string' && typeof right === 'string') return byCodePoint(left, right) < 0
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right
  if (typeof left === 'number' && typeof right === 'number') return left < right
  throw new TypeError(`${name}: ${typeName(left)} cannot be compared with ${typeName(right)}`)
}

const two =
  (test: (name: string, left: Value, right: Value) => boolean): TemplateFunction =>
  (call) =>
    test(call.name, valueAt(call, 0), valueAt(call, 1))

export const comparisons: ReadonlyMap<string, readonly [number, number, TemplateFunction]> =
  new Map([
    [
      'eq',
      [2, 100, (call) => call.values.slice(1).some((one) => areEqual('eq', valueAt(call, 0), one))],
    ],
    ['ne', [2, 2, two((name, left, right) => !areEqual(name, left, right))]],
    ['lt', [2, 2, two(isLess)]],
    ['le', [2, 2, two((name, left, right) => !isLess(name, right, left))]],
    ['gt', [2, 2, two((name, left, right) => isLess(name, right, left))]],
    ['ge', [2, 2, two((name, left, right) => !isLess(name, left, right))]],
  ] satisfies [string, readonly [number, number, TemplateFunction]][])

/** Go's truth: not zero, not empty. */
export const isTrue = (value: Value): boolean => {
  if (isList(value)) return value.length > 0
  if (isMap(value)) return value.size > 0
  return value !== null && value !== false && value !== 0n && value !== 0 && value !== ''
}
