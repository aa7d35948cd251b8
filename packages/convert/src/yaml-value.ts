import type { YamlNode } from '@waggle/pipeline'
import { resolveScalar } from '@waggle/pipeline'

/** A value of data and templates. Whole numbers are `bigint`, so that they print without a fraction and keep all
 *  digits; mappings are `Map`, so that no key means anything to JavaScript (threats.md T-42). */
export type Value = null | boolean | bigint | number | string | readonly Value[] | ValueMap
export interface ValueMap extends ReadonlyMap<string, Value> {}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isMap = (value: Value): value is ValueMap => value instanceof Map

/** What a YAML tree says, by the dialect of pipeline.md §3.3. */
export const toValue = (node: YamlNode): Value => {
  switch (node.kind) {
    case 'list':
      return node.items.map(toValue)
    case 'map':
      return new Map([...node.entries].map(([key, entry]) => [key, toValue(entry.value)]))
    case 'scalar': {
      const value = resolveScalar(node)
      return value.type === 'null' ? null : value.value
    }
    default:
      return node satisfies never
  }
}

/** Plain data as a value. */
export const toMap = (
  facts: Readonly<Record<string, string | boolean | Readonly<Record<string, string>>>>,
): ValueMap =>
  new Map(
    Object.entries(facts).map(([key, value]) => [
      key,
      typeof value === 'object' ? new Map(Object.entries(value)) : value,
    ]),
  )

/** The value as JSON on one line. */
export const toJson = (value: Value): string => {
  if (isMap(value))
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(',')}}`
  if (isList(value)) return `[${value.map(toJson).join(',')}]`
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  return JSON.stringify(value)
}

/** The value with the keys of its mappings in order, as Go writes them. */
export const sortKeys = (value: Value): Value => {
  if (isList(value)) return value.map(sortKeys)
  if (!isMap(value)) return value
  const pairs = [...value].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(pairs.map(([key, item]) => [key, sortKeys(item)]))
}
