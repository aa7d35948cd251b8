import { readEscapes } from '../yaml/read-escapes.ts'
import { readScalar } from '../yaml/scalar-source.ts'
import type { YamlScalar } from '../yaml/yaml-node.ts'
import { quoteValue } from './quote-value.ts'
import { evaluate, render, Values } from './substitute.ts'
import { type Expression, parseTemplate, type Template } from './substitution-syntax.ts'

type NewText = Pick<YamlScalar, 'text' | 'style'>

/** What reading a scalar once more counts as, of the work that the substitutions of a file may take. */
const readingCost = 500

/** Substitutes in one scalar, so that a benign file becomes what substitution in its text would have made of it
 *  (pipeline.md §10.1): operators and literals act on what is written, not on what it means. */
export class ScalarSubstitution {
  readonly values: Values
  readonly #quoting: Values
  #hasQuoted = false

  constructor(lookup: (name: string) => string, budget: { left: number }) {
    this.values = new Values(lookup, budget)
    this.#quoting = new Values((name) => {
      const value = lookup(name)
      if (!value.includes('\n')) return value
      this.#hasQuoted = true
      return quoteValue(value)
    }, budget)
  }

  /** The scalar's text with its expressions apart. */
  template(scalar: YamlScalar): Template {
    const { style, source, text } = scalar
    if (style !== 'double' || source === undefined) return parseTemplate(text)
    return mapLiterals(parseTemplate(source.slice(1, -1)), (literal) => this.#unescape(literal))
  }

  /** What is written, with values in it that no YAML reads as more than themselves, read again. `null`: the scalar's
   *  text says it all, or a value is not of that kind. */
  asWritten({ source, style }: YamlScalar): NewText | null {
    // On one line between double quotes literals and values do not change each other's meaning.
    if (source === undefined || (style === 'double' && !source.includes('\n'))) return null
    let written = ''
    for (const part of parseTemplate(source)) {
      const text = typeof part === 'string' ? part : evaluate(part, this.values)
      if (typeof part !== 'string' && !isInert(text)) return null
      written += text
    }
    const read = this.#read(written)
    return read?.style === style ? read : null
  }

  /** A value with a line feed is quoted where the file's text would have been: in a block, between single quotes, or
   *  amid other plain text. As a plain scalar of its own the quotes would have been YAML's, so it is itself. */
  value(scalar: YamlScalar): NewText {
    const { style } = scalar
    const template = this.template(scalar)
    if (style === 'double') return { style, text: render(template, this.values) }
    this.#hasQuoted = false
    const text = trimToStyle(scalar, render(template, this.#quoting))
    if (style !== 'plain' || !this.#hasQuoted) return { style, text }
    const read = text.startsWith('"') ? this.#read(text) : null
    if (read?.style === 'double') return read
    const isOne = template.length === 1 && typeof template[0] !== 'string'
    return isOne ? { style: 'double', text: render(template, this.values) } : { style, text }
  }

  #read(source: string): NewText | null {
    this.values.spend(readingCost + source.length)
    return readScalar(source)
  }

  /** A part of what stands between double quotes. A backslash that an operator left alone stays one. */
  #unescape(literal: string): string {
    if (!literal.includes('\n')) return readEscapes(literal) ?? literal
    return this.#read(`"${literal}"`)?.text ?? literal
  }
}

/** Letters and digits of any script, spaces, and signs that mean nothing amid a scalar of any style. */
const isInert = (value: string): boolean => /^[\p{L}\p{N} _./@%+=,-]*$/u.test(value)

/** Plain text ends at its last character, and a block's last line feeds are those that its header asks for. */
export const trimToStyle = (scalar: Pick<YamlScalar, 'style' | 'text'>, text: string): string => {
  if (scalar.style === 'plain') return trimBlanks(text)
  if (scalar.style !== 'block' || scalar.text.endsWith('\n\n')) return text
  let end = text.length
  while (text[end - 1] === '\n') end -= 1
  const isClipped = scalar.text.endsWith('\n') && end > 0
  return isClipped ? `${text.slice(0, end)}\n` : text.slice(0, end)
}

const trimBlanks = (text: string): string => {
  let [start, end] = [0, text.length]
  while (start < end && ' \t\n'.includes(text[start]!)) start += 1
  while (end > start && ' \t\n'.includes(text[end - 1]!)) end -= 1
  return text.slice(start, end)
}

/** Literals are what becomes part of the result: not patterns, nor what is looked for. */
const mapLiterals = (template: Template, change: (literal: string) => string): Template =>
  template.map((part) => (typeof part === 'string' ? change(part) : mapExpression(part, change)))

const mapExpression = (expression: Expression, change: (literal: string) => string): Expression => {
  const { operation } = expression
  if (operation.type === 'default') {
    const fallback = mapLiterals(operation.fallback, change)
    return { ...expression, operation: { ...operation, fallback } }
  }
  if (operation.type !== 'replace') return expression
  const by =
    typeof operation.by === 'string' ? change(operation.by) : mapExpression(operation.by, change)
  return { ...expression, operation: { ...operation, by } }
}
