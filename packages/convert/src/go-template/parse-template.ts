import type { Value } from '../yaml-value.ts'
import { TemplateError } from './template-error.ts'
import type { Command, Operand, ParsedTemplate, Pipe, TemplateNode } from './template-node.ts'
import { readTemplateTokens, type TemplateToken } from './template-tokens.ts'

/** Reads a template of Go's text/template dialect (pipeline.md §16.3). Throws `TemplateError`. */
export const parseTemplate = (text: string): ParsedTemplate =>
  new Parser(readTemplateTokens(text)).parse()

const deepest = 100
const tooDeep = `blocks, chains of else and parentheses nest deeper than ${deepest}`
const blockWords = new Set(['if', 'with', 'range', 'define', 'block'])

class Parser {
  readonly #tokens: readonly TemplateToken[]
  readonly #defined = new Map<string, readonly TemplateNode[]>()
  #at = 0
  #depth = 0
  #loops = 0

  constructor(tokens: readonly TemplateToken[]) {
    this.#tokens = tokens
  }

  parse(): ParsedTemplate {
    const { body, end } = this.#body()
    if (end !== 'eof') this.#fail(`unexpected {{${end}}}`)
    return { body, defined: this.#defined }
  }

  /** Nodes up to `end`, `else` or the end of the text; behind the word that ended them. */
  #body(): { body: TemplateNode[]; end: 'end' | 'else' | 'eof' } {
    this.#depth += 1
    if (this.#depth > deepest) this.#fail(tooDeep)
    const body: TemplateNode[] = []
    for (;;) {
      const token = this.#take()
      if (token.kind === 'end') return this.#ended(body, 'eof')
      if (token.kind === 'text') body.push({ kind: 'text', text: token.text })
      if (token.kind !== 'open') continue
      const word = this.#peekWord()
      if (word === 'end' || word === 'else') {
        this.#skipSpace()
        this.#take()
        return this.#ended(body, word)
      }
      const node = this.#action(word)
      if (node !== null) body.push(node)
    }
  }

  #ended<T extends string>(body: TemplateNode[], end: T) {
    this.#depth -= 1
    return { body, end }
  }

  /** The action's first word where it is a word. */
  #peekWord(): string {
    this.#skipSpace()
    const token = this.#peek()
    return token.kind === 'name' ? token.text : ''
  }

  #action(word: string): TemplateNode | null {
    const { at } = this.#peek()
    if (blockWords.has(word) || word === 'template') this.#take()
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#block(word)
      case 'define':
        this.#define(at)
        return null
      case 'block': {
        const name = this.#name('block')
        const pipe = this.#pipe('close')
        this.#defined.set(name, this.#closed())
        return { kind: 'template', name, pipe, at }
      }
      case 'template': {
        const name = this.#name('template')
        this.#skipSpace()
        const isBare = this.#peek().kind === 'close'
        const pipe = isBare ? null : this.#pipe('close')
        if (isBare) this.#take()
        return { kind: 'template', name, pipe, at }
      }
      case 'break':
      case 'continue':
        this.#take()
        if (this.#loops === 0) this.#fail(`{{${word}}} outside of {{range}}`)
        this.#close()
        return { kind: word }
      default:
        return { kind: 'print', pipe: this.#pipe('close') }
    }
  }

  #block(kind: 'if' | 'with' | 'range'): TemplateNode {
    const pipe = this.#pipe('close', kind === 'range')
    if (kind === 'range') this.#loops += 1
    const { body, end } = this.#body()
    if (kind === 'range') this.#loops -= 1
    if (end === 'eof') this.#fail(`{{${kind}}} has no {{end}}`)
    if (end === 'end') {
      this.#close()
      return { kind, pipe, body, otherwise: [] }
    }
    const chained = this.#peekWord()
    if (chained === kind && kind !== 'range') {
      this.#take()
      // One level for the parser too: a chain of thousands must not use up its stack.
      this.#depth += 1
      if (this.#depth > deepest) this.#fail(tooDeep)
      const node = this.#block(kind)
      this.#depth -= 1
      return { kind, pipe, body, otherwise: [node] }
    }
    this.#close()
    return { kind, pipe, body, otherwise: this.#closed() }
  }

  #define(at: number): void {
    if (this.#depth > 1) throw new TemplateError('{{define}} inside of another block', at)
    const name = this.#name('define')
    this.#close()
    this.#defined.set(name, this.#closed())
  }

  /** A body that ends with `{{end}}`. */
  #closed(): readonly TemplateNode[] {
    const { body, end } = this.#body()
    if (end !== 'end') this.#fail('{{end}} is missing')
    this.#close()
    return body
  }

  #name(word: string): string {
    this.#skipSpace()
    const token = this.#take()
    if (token.kind !== 'string') this.#fail(`{{${word}}} takes the name of a template`, token.at)
    return token.text
  }

  #close(): void {
    this.#skipSpace()
    const token = this.#take()
    if (token.kind !== 'close') this.#fail(`unexpected ${JSON.stringify(token.text)}`, token.at)
  }

  #pipe(until: 'close' | 'paren', isRange = false): Pipe {
    this.#depth += 1
    if (this.#depth > deepest) this.#fail(tooDeep)
    this.#skipSpace()
    const { at } = this.#peek()
    const { variables, isAssignment } = this.#variables(isRange)
    const commands: Command[] = []
    for (;;) {
      commands.push(this.#command())
      const token = this.#take()
      if (token.kind === 'symbol' && token.text === '|') continue
      const isEnd =
        until === 'close' ? token.kind === 'close' : token.kind === 'symbol' && token.text === ')'
      if (!isEnd) this.#fail(`unexpected ${JSON.stringify(token.text)}`, token.at)
      this.#depth -= 1
      return { variables, isAssignment, commands, at }
    }
  }

  #variables(isRange: boolean): Pick<Pipe, 'variables' | 'isAssignment'> {
    const start = this.#at
    const variables: string[] = []
    for (;;) {
      this.#skipSpace()
      const token = this.#take()
      if (token.kind !== 'variable' || token.text === '') break
      variables.push(token.text)
      this.#skipSpace()
      const { text, kind } = this.#take()
      if (kind === 'symbol' && (text === ':=' || text === '='))
        return { variables, isAssignment: text === '=' }
      if (!(isRange && kind === 'symbol' && text === ',' && variables.length === 1)) break
    }
    this.#at = start
    return { variables: [], isAssignment: false }
  }

  #command(): Command {
    const operands: Operand[] = []
    for (;;) {
      this.#skipSpace()
      const token = this.#peek()
      const isEnd =
        token.kind === 'close' ||
        token.kind === 'end' ||
        (token.kind === 'symbol' && token.text !== '(')
      if (isEnd) break
      operands.push(this.#operand())
      const next = this.#peek()
      const isApart =
        next.kind === 'space' ||
        next.kind === 'close' ||
        (next.kind === 'symbol' && next.text !== '(')
      if (!isApart) this.#fail(`unexpected ${JSON.stringify(next.text)}`, next.at)
    }
    if (operands.length === 0) this.#fail('a value is missing')
    return operands
  }

  #operand(): Operand {
    const token = this.#take()
    const { at } = token
    switch (token.kind) {
      case 'dot':
        return { kind: 'dot', fields: [], at }
      case 'field':
        return { kind: 'dot', fields: [token.text, ...this.#fields()], at }
      case 'variable':
        return { kind: 'variable', name: token.text, fields: this.#fields(), at }
      case 'string':
        return { kind: 'constant', value: token.text, fields: this.#fields(), at }
      case 'char':
        return this.#constant(BigInt(token.text.codePointAt(0) ?? 0), at)
      case 'number':
        return this.#constant(numberOf(token), at)
      case 'name':
        if (token.text === 'nil') return this.#constant(null, at)
        if (token.text === 'true' || token.text === 'false')
          return this.#constant(token.text === 'true', at)
        return { kind: 'function', name: token.text, fields: this.#fields(), at }
      case 'symbol':
        if (token.text === '(') {
          const pipe = this.#pipe('paren')
          return { kind: 'pipe', pipe, fields: this.#fields(), at }
        }
        break
      case 'text':
      case 'open':
      case 'close':
      case 'space':
      case 'end':
        break
      default:
        token.kind satisfies never
    }
    return this.#fail(`unexpected ${JSON.stringify(token.text)}`, at)
  }

  #constant(value: Value, at: number): Operand {
    return { kind: 'constant', value, fields: [], at }
  }

  #fields(): string[] {
    const fields: string[] = []
    while (this.#peek().kind === 'field') fields.push(this.#take().text)
    return fields
  }

  #peek(): TemplateToken {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as TemplateToken
  }

  #take(): TemplateToken {
    const token = this.#peek()
    this.#at += 1
    return token
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#at += 1
  }

  #fail(problem: string, at = this.#peek().at): never {
    throw new TemplateError(problem, at)
  }
}

const numberOf = ({ text, at }: TemplateToken): Value => {
  const bare = text.replaceAll('_', '')
  if (bare.length > 100) throw new TemplateError('a number is too long', at)
  const sign = bare.startsWith('-') ? -1n : 1n
  const digits = bare.replace(/^[+-]/, '')
  if (/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(digits)) return sign * BigInt(digits)
  return Number(bare)
}
