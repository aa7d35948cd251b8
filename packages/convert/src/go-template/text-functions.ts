import { createHash } from 'node:crypto'
import { readDocuments } from '@waggle/pipeline'
import { printYaml } from '../print-yaml.ts'
import { sortKeys, toJson, toValue, type Value } from '../yaml-value.ts'
import { encodeQuery } from './builtin-functions.ts'
import { escapeHtml, unescapeHtml } from './escape-html.ts'
import {
  countAt,
  type FunctionCall,
  type TemplateFunction,
  textAt,
  valueAt,
} from './function-call.ts'
import { formatTime, parseTime } from './template-time.ts'

const text =
  (make: (given: string) => Value): TemplateFunction =>
  (call) =>
    make(textAt(call, 0))

const pair =
  (make: (given: string, other: string) => Value): TemplateFunction =>
  (call) =>
    make(textAt(call, 0), textAt(call, 1))

const hash =
  (name: string): TemplateFunction =>
  (call) =>
    createHash(name).update(textAt(call, 0)).digest('hex')

/** Both orders of arguments: Drone's is text first; text last is what a pipe gives and other libraries take. */
const indent = (call: FunctionCall): string => {
  const isTextLast = typeof valueAt(call, 0) === 'bigint' && typeof valueAt(call, 1) === 'string'
  const given = textAt(call, isTextLast ? 1 : 0)
  const pad = countAt(call, isTextLast ? 0 : 1)
  if (pad < 0) throw new TypeError(`${call.name}: ${pad} is out of range`)
  const parts = given.split('\n')
  call.budget.spend(given.length + parts.length * pad)
  return parts.map((line) => ' '.repeat(pad) + line).join('\n')
}

const pad = (call: FunctionCall): string => {
  const given = textAt(call, 0)
  const padding = textAt(call, 1)
  const count = Math.max(0, countAt(call, 2))
  call.budget.spend(given.length + count * padding.length)
  const all = padding.repeat(count)
  return call.name === 'padLeft' ? all + given : given + all
}

const replace = (call: FunctionCall): string => {
  const given = textAt(call, 0)
  const parts = textAt(call, 1) === '' ? Array.from(given) : given.split(textAt(call, 1))
  const by = textAt(call, 2)
  call.budget.spend(given.length + (parts.length + 1) * (by.length + 1))
  return textAt(call, 1) === '' ? by + parts.map((part) => part + by).join('') : parts.join(by)
}

const split = (call: FunctionCall): Value => {
  const given = textAt(call, 0)
  const by = textAt(call, 1)
  const parts = by === '' ? Array.from(given) : given.split(by)
  call.budget.spend(parts.length)
  const most = call.name === 'splitn' ? countAt(call, 2) : -1
  if (most < 0 || parts.length <= most) return parts
  return most === 0 ? [] : [...parts.slice(0, most - 1), parts.slice(most - 1).join(by)]
}

const trimSet =
  (fromStart: boolean): TemplateFunction =>
  (call) => {
    const chars = Array.from(textAt(call, 0))
    const set = new Set(textAt(call, 1))
    let start = 0
    let end = chars.length
    if (fromStart) while (start < end && set.has(chars[start] ?? '')) start++
    else while (end > start && set.has(chars[end - 1] ?? '')) end--
    return chars.slice(start, end).join('')
  }

const readYaml = (given: string): Value => {
  const { documents, issues } = readDocuments(given)
  const [issue] = issues
  if (issue !== undefined) throw new TypeError(`fromYaml: line ${issue.line}: ${issue.message}`)
  const root = documents[0]?.root ?? null
  return root === null ? null : toValue(root)
}

const time: TemplateFunction = (call) => {
  if (call.values.length > 1 && textAt(call, 1) !== 'UTC' && textAt(call, 1) !== '')
    throw new TypeError('time: only UTC is known here')
  return new Date(parseTime(valueAt(call, 0))).toISOString().replace('.000Z', 'Z')
}

/** The functions that Drone gives to templates (scheduling.md §3.6), with their order of arguments. */
export const textFunctions: ReadonlyMap<string, readonly [number, number, TemplateFunction]> =
  new Map<string, readonly [number, number, TemplateFunction]>([
    ['append', [2, 2, pair((given, other) => given + other)]],
    ['base64Decode', [1, 1, text((given) => Buffer.from(given, 'base64').toString('utf8'))]],
    ['base64Encode', [1, 1, text((given) => Buffer.from(given, 'utf8').toString('base64'))]],
    ['chomp', [1, 1, text(chomp)]],
    ['contains', [2, 2, pair((given, other) => given.includes(other))]],
    ['containsAny', [2, 2, pair(containsAny)]],
    ['dateFormat', [2, 2, (call) => formatTime(textAt(call, 0), parseTime(valueAt(call, 1)))]],
    ['fromYaml', [1, 1, text(readYaml)]],
    ['hasPrefix', [2, 2, pair((given, other) => given.startsWith(other))]],
    ['hasSuffix', [2, 2, pair((given, other) => given.endsWith(other))]],
    ['htmlEscape', [1, 1, text(escapeHtml)]],
    ['htmlUnescape', [1, 1, text(unescapeHtml)]],
    ['indent', [2, 2, indent]],
    ['jsonify', [1, 1, (call) => toJson(sortKeys(valueAt(call, 0)))]],
    ['lower', [1, 1, text((given) => given.toLowerCase())]],
    ['md5', [1, 1, hash('md5')]],
    ['nindent', [2, 2, (call) => `\n${indent(call)}`]],
    ['now', [0, 0, ({ nowMs }) => new Date(nowMs).toISOString()]],
    ['padLeft', [3, 3, pad]],
    ['padRight', [3, 3, pad]],
    ['prepend', [2, 2, pair((given, other) => other + given)]],
    ['replace', [3, 3, replace]],
    ['sha1', [1, 1, hash('sha1')]],
    ['sha256', [1, 1, hash('sha256')]],
    ['split', [2, 2, split]],
    ['splitn', [3, 3, split]],
    ['time', [1, 2, time]],
    ['title', [1, 1, text((given) => given.toUpperCase())]],
    ['toYaml', [1, 1, (call) => printYaml(sortKeys(valueAt(call, 0)))]],
    ['trim', [1, 1, text((given) => given.trim())]],
    ['trimLeft', [2, 2, trimSet(true)]],
    ['trimRight', [2, 2, trimSet(false)]],
    ['trimPrefix', [2, 2, pair(trimPrefix)]],
    ['trimSuffix', [2, 2, pair(trimSuffix)]],
    ['upper', [1, 1, text((given) => given.toUpperCase())]],
    ['urlize', [1, 1, text((given) => encodeQuery(given.trim().replaceAll(' ', '-')))]],
  ])

function chomp(given: string): string {
  let end = given.length
  while (end > 0 && '\r\n'.includes(given[end - 1] ?? '')) end--
  return given.slice(0, end)
}

function containsAny(given: string, chars: string): boolean {
  const set = new Set(chars)
  for (const char of given) if (set.has(char)) return true
  return false
}

function trimPrefix(given: string, prefix: string): string {
  return given.startsWith(prefix) ? given.slice(prefix.length) : given
}

function trimSuffix(given: string, suffix: string): string {
  return suffix !== '' && given.endsWith(suffix) ? given.slice(0, -suffix.length) : given
}
