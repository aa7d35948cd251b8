import { isList, isMap, type Value } from '../yaml-value.ts'
import { printValue } from './print-value.ts'
import type { TemplateBudget } from './template-budget.ts'

/** What a function of a template gets. Its errors are `TypeError`s with a text for the user. */
export interface FunctionCall {
  readonly name: string
  readonly values: readonly Value[]
  readonly budget: TemplateBudget
  readonly nowMs: number
}

export type TemplateFunction = (call: FunctionCall) => Value

/** The argument at a position. */
export const valueAt = ({ values }: FunctionCall, at: number): Value => values[at] ?? null

/** The argument as text, as the text functions take it: any scalar. */
export const textAt = (call: FunctionCall, at: number): string => {
  const value = valueAt(call, at)
  if (value === null) return ''
  if (isList(value) || isMap(value))
    throw new TypeError(`${call.name}: ${typeName(value)} cannot be used as text`)
  return printValue(value)
}

/** The argument as a whole number within the range of text lengths. */
export const countAt = (call: FunctionCall, at: number): number => {
  const value = valueAt(call, at)
  if (typeof value !== 'bigint')
    throw new TypeError(`${call.name}: ${typeName(value)} is no whole number`)
  if (value > 1_000_000n || value < -1_000_000n)
    throw new TypeError(`${call.name}: ${value} is out of range`)
  return Number(value)
}

export const typeName = (value: Value): string => {
  if (value === null) return 'nil'
  if (isList(value)) return 'a list'
  if (isMap(value)) return 'a mapping'
  if (typeof value === 'bigint') return 'a whole number'
  if (typeof value === 'boolean') return 'a boolean'
  return typeof value === 'number' ? 'a number with a fraction' : 'a text'
}
