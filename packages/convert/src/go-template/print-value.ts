import { isList, isMap, type Value } from '../yaml-value.ts'

/** A value as Go prints it with `%v`: mappings sorted by key. `nothing` stands for null: `<no value>` where an action
 *  prints it, `<nil>` inside of other values. */
export const printValue = (value: Value, nothing = '<nil>'): string => {
  if (value === null) return nothing
  if (isList(value)) return `[${value.map((item) => printValue(item)).join(' ')}]`
  if (isMap(value)) {
    const keys = [...value.keys()].sort(byCodePoint)
    return `map[${keys.map((key) => `${key}:${printValue(value.get(key) ?? null)}`).join(' ')}]`
  }
  return typeof value === 'number' ? printFloat(value) : String(value)
}

export const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Shortest form that reads back the same, with an exponent below 1e-4 and from 1e21 on. */
const printFloat = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e21))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return Object.is(value, -0) ? '-0' : String(value)
}
