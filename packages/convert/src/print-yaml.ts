import { resolvePlain } from '@waggle/pipeline'
import { isList, isMap, type Value } from './yaml-value.ts'

/** A value as YAML in block style, two spaces a level, without a line feed at its end. */
export const printYaml = (value: Value): string => lines(value).join('\n')

const lines = (value: Value): string[] => {
  if (isMap(value) && value.size > 0)
    return [...value].flatMap(([key, item]) => under(`${scalar(key)}:`, item))
  if (isList(value) && value.length > 0)
    return value.flatMap((item) => {
      const [first = '', ...rest] = lines(item)
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)]
    })
  return [flow(value)]
}

const under = (key: string, item: Value): string[] => {
  const isBlock = (isMap(item) && item.size > 0) || (isList(item) && item.length > 0)
  return isBlock ? [key, ...lines(item).map((line) => `  ${line}`)] : [`${key} ${flow(item)}`]
}

const flow = (value: Value): string => {
  if (isMap(value)) return '{}'
  if (isList(value)) return '[]'
  if (typeof value === 'string') return scalar(value)
  if (typeof value === 'number') return float(value)
  return String(value)
}

const float = (value: number): string => {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf'
  const text = String(value)
  // A whole number is a float still.
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text
}

/** Plain where nothing can be read into it, else as a JSON string, which YAML reads alike. */
const scalar = (text: string): string =>
  text.length < 1_000 && /^[A-Za-z0-9_./][A-Za-z0-9_./ @+-]*$/.test(text) && isText(text)
    ? text
    : JSON.stringify(text.toWellFormed()).replaceAll('\u007f', '\\u007f')

const isText = (text: string): boolean =>
  !text.endsWith(' ') && !text.startsWith('...') && resolvePlain(text).type === 'str'
