import { resolveScalar, type YamlMap, type YamlNode } from '@waggle/pipeline'
import { ConversionError } from '../conversion-error.ts'

/** Reads the fields of one mapping of an old file. Throws `ConversionError` with the line of what is not understood. */
export const fieldOf = (map: YamlMap, key: string): YamlNode | null => {
  const node = map.entries.get(key)?.value
  return node === undefined || isNull(node) ? null : node
}

export const mapOf = (map: YamlMap, key: string): YamlMap | null => {
  const node = fieldOf(map, key)
  if (node === null || node.kind === 'map') return node
  return refuse(node, `${key} is not a mapping`)
}

export const textOf = (map: YamlMap, key: string): string => {
  const node = fieldOf(map, key)
  return node === null ? '' : scalarText(node, key)
}

export const flagOf = (map: YamlMap, key: string): boolean => {
  const node = fieldOf(map, key)
  if (node?.kind !== 'scalar')
    return node === null ? false : refuse(node, `${key} is not a boolean`)
  const value = resolveScalar(node)
  return value.type === 'bool' && value.value
}

/** A list of texts, or one text. */
export const textsOf = (map: YamlMap, key: string): string[] => {
  const node = fieldOf(map, key)
  if (node === null) return []
  return node.kind === 'list'
    ? node.items.map((item) => scalarText(item, key))
    : [scalarText(node, key)]
}

export const scalarText = (node: YamlNode, key: string): string =>
  node.kind === 'scalar' ? (isNull(node) ? '' : node.text) : refuse(node, `${key} is not a text`)

export const refuse = (node: YamlNode, problem: string): never => {
  throw new ConversionError(`legacy converter: line ${node.line}: ${problem}`)
}

const isNull = (node: YamlNode): boolean =>
  node.kind === 'scalar' && resolveScalar(node).type === 'null'
