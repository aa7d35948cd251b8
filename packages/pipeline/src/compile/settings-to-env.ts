import type { PipelineStep } from '../manifest.ts'
import { resolveScalar, type ScalarValue } from '../yaml/scalar.ts'
import type { YamlMap, YamlNode, YamlScalar } from '../yaml/yaml-node.ts'

/** Literal plugin settings as `PLUGIN_…` variables (pipeline.md §12.4). Only the case of the key changes. */
export const settingsToEnv = (settings: PipelineStep['settings']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, setting]) =>
      setting.kind === 'literal' ? [[settingVariable(key), encodeSetting(setting.node)]] : [],
    ),
  )

export const settingVariable = (key: string): string => `PLUGIN_${key.toUpperCase()}`

/** A scalar as text; a list of scalars joined with commas, without escaping; anything else as compact JSON. */
const encodeSetting = (node: YamlNode): string => {
  if (node.kind === 'scalar') return scalarText(resolveScalar(node))
  if (node.kind === 'list' && node.items.every((item) => item.kind === 'scalar')) {
    return node.items.map((item) => scalarText(resolveScalar(item as YamlScalar))).join(',')
  }
  return toJson(node)
}

const scalarText = (value: ScalarValue): string => {
  switch (value.type) {
    case 'null':
      return ''
    case 'float':
      return floatText(value.value)
    case 'bool':
    case 'int':
    case 'str':
      return String(value.value)
    default:
      return value satisfies never
  }
}

/** Shortest text that reads back as the same number; exponent form below 1e-4 and from 1e6. */
export const floatText = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits, exponentText] = value.toExponential().split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return plainDecimal(value)
  const sign = exponent < 0 ? '-' : '+'
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** Numbers of this size are never printed with an exponent by the language itself. */
const plainDecimal = (value: number): string => String(value)

const toJson = (node: YamlNode): string => {
  if (node.kind === 'list') return `[${node.items.map(toJson).join(',')}]`
  if (node.kind === 'map') return mapToJson(node)
  const value = resolveScalar(node)
  switch (value.type) {
    case 'null':
      return 'null'
    case 'float':
      return Number.isFinite(value.value) ? JSON.stringify(value.value) : 'null'
    case 'bool':
    case 'int':
      return String(value.value)
    case 'str':
      return JSON.stringify(value.value)
    default:
      return value satisfies never
  }
}

const mapToJson = (map: YamlMap): string => {
  const pairs = [...map.entries.values()].map(({ key, value }) => ({
    name: keyText(key),
    json: toJson(value),
  }))
  pairs.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  return `{${pairs.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',')}}`
}

const keyText = (key: YamlScalar): string => {
  const value = resolveScalar(key)
  return value.type === 'null' ? key.text : scalarText(value)
}
