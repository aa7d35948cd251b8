import { type GlobToken, matchPrefixes, parseGlobTokens } from '../conditions/glob-tokens.ts'
import {
  type Expression,
  type Operation,
  parseTemplate,
  SubstitutionError,
  type Template,
  type TemplatePart,
} from './substitution-syntax.ts'

/** Longest text that one substitution may give: nested replacements multiply. */
const substitutionLimit = 1_048_576

/** Steps that all substitutions of a file may take: characters read, and pattern × text of trims. */
export const workLimit = 5_000_000

/** Where values come from, and who counts what is done with them: a file may name a long value very often. */
export class Values {
  readonly #lookup: (name: string) => string
  readonly #budget: { left: number }

  constructor(lookup: (name: string) => string, budget: { left: number } = { left: workLimit }) {
    this.#lookup = lookup
    this.#budget = budget
  }

  get(name: string): string {
    const value = this.#lookup(name)
    this.spend(value.length + 1)
    return value
  }

  /** Throws when the file's substitutions cost too much: about a second at the limit. */
  spend(work: number): void {
    this.#budget.left -= work
    if (this.#budget.left < 0)
      throw new SubstitutionError('the substitutions of the file cost too much')
  }
}

/** Replaces every `${…}` of a text (pipeline.md §10). An unknown name is empty, never an error.
 *  Throws `SubstitutionError` for a syntax error, a negative length, or a result beyond 1 MiB. */
export const substitute = (text: string, values: Values): string =>
  text.includes('$') ? render(parseTemplate(text), values) : text

/** The same for a text that was parsed. */
export const render = (template: Template, values: Values): string => {
  let result = ''
  for (const part of template) result = bounded(result + renderPart(part, values))
  return result
}

const renderPart = (part: TemplatePart, values: Values): string =>
  typeof part === 'string' ? part : evaluate(part, values)

/** Value of one expression. */
export const evaluate = ({ name, operation }: Expression, values: Values): string =>
  bounded(apply(operation, values.get(name), values))

const bounded = (text: string): string => {
  if (text.length <= substitutionLimit) return text
  throw new SubstitutionError(`the result exceeds ${substitutionLimit} characters`)
}

const apply = (operation: Operation, value: string, values: Values): string => {
  switch (operation.type) {
    case 'value':
      return value
    case 'length':
      return String(Array.from(value).length)
    case 'case':
      return changeCase(value, operation)
    case 'default':
      return value === '' ? render(operation.fallback, values) : value
    case 'slice':
      return slice(
        value,
        renderPart(operation.offset, values),
        operation.length === null ? null : renderPart(operation.length, values),
      )
    case 'trim':
      return trim(value, renderPart(operation.pattern, values), operation, values)
    case 'replace':
      return replace(
        value,
        renderPart(operation.old, values),
        renderPart(operation.by, values),
        operation.where,
      )
    default:
      return operation satisfies never
  }
}

const changeCase = (value: string, operation: Extract<Operation, { type: 'case' }>): string => {
  const change = (char: string): string => {
    const changed = operation.to === 'upper' ? char.toUpperCase() : char.toLowerCase()
    // One character stays one character, as in the reference: ß has no single capital.
    return Array.from(changed).length === 1 ? changed : char
  }
  const chars = Array.from(value)
  if (!operation.isFirstOnly) return chars.map(change).join('')
  return chars.length === 0 ? '' : change(chars[0]!) + chars.slice(1).join('')
}

/** Offsets count code points (rule X9). What is no integer leaves the value whole; a negative length is an error. */
const slice = (value: string, offsetText: string, lengthText: string | null): string => {
  const offset = readInteger(offsetText)
  const length = lengthText === null ? Infinity : readInteger(lengthText)
  if (offset === null || length === null) return value
  if (length < 0) throw new SubstitutionError(`negative length ${length} in a substitution`)
  const chars = Array.from(value)
  const start = offset < 0 ? Math.max(0, chars.length + offset) : offset
  return chars.slice(start, start + length).join('')
}

const readInteger = (text: string): number | null =>
  /^[-+]?[0-9]{1,15}$/.test(text) ? Number(text) : null

/** Removes a prefix or suffix. A match of nothing does not count; a malformed pattern leaves the value. */
const trim = (
  value: string,
  pattern: string,
  { from, isLongest }: Extract<Operation, { type: 'trim' }>,
  values: Values,
): string => {
  const tokens: GlobToken[] | null =
    pattern.length > 1_024 ? null : parseGlobTokens(Array.from(pattern))
  if (tokens === null) return value
  const chars = Array.from(value)
  values.spend(tokens.length * chars.length)
  if (from === 'end') {
    tokens.reverse()
    chars.reverse()
  }
  let cut = 0
  for (const length of matchPrefixes(tokens, chars)) {
    if (length === 0) continue
    cut = length
    if (!isLongest) break
  }
  const rest = chars.slice(cut)
  return (from === 'end' ? rest.reverse() : rest).join('')
}

/** Literal text, no glob. */
const replace = (
  value: string,
  old: string,
  by: string,
  where: Extract<Operation, { type: 'replace' }>['where'],
): string => {
  if (old === '') return value
  switch (where) {
    case 'first': {
      const at = value.indexOf(old)
      return at < 0 ? value : value.slice(0, at) + by + value.slice(at + old.length)
    }
    case 'all':
      return replaceAll(value, old, by)
    case 'start':
      return value.startsWith(old) ? by + value.slice(old.length) : value
    case 'end':
      return value.endsWith(old) ? value.slice(0, -old.length) + by : value
    default:
      return where satisfies never
  }
}

const replaceAll = (value: string, old: string, by: string): string => {
  const parts = value.split(old)
  const growth = (parts.length - 1) * (by.length - old.length)
  if (value.length + growth > substitutionLimit) bounded(' '.repeat(substitutionLimit + 1))
  return parts.join(by)
}
