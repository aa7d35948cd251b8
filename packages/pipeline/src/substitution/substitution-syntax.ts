/** Text with `${…}` expressions, parsed (pipeline.md §10.2, §10.3). */
export type Template = readonly TemplatePart[]
export type TemplatePart = string | Expression

export interface Expression {
  readonly name: string
  /** Spelling in the file, for messages. */
  readonly source: string
  readonly operation: Operation
}

export type Operation =
  | { readonly type: 'value' }
  | { readonly type: 'length' }
  | { readonly type: 'case'; readonly to: 'upper' | 'lower'; readonly isFirstOnly: boolean }
  | { readonly type: 'default'; readonly fallback: Template }
  | { readonly type: 'slice'; readonly offset: TemplatePart; readonly length: TemplatePart | null }
  | {
      readonly type: 'trim'
      readonly from: 'start' | 'end'
      readonly isLongest: boolean
      readonly pattern: TemplatePart
    }
  | {
      readonly type: 'replace'
      readonly where: 'first' | 'all' | 'start' | 'end'
      readonly old: TemplatePart
      readonly by: TemplatePart
    }

/** What is wrong with an expression, or with what it gives; its text is for the user. */
export class SubstitutionError extends Error {}

const depthLimit = 32
const inFunction = 'unable to parse substitution within function'

/** Parses a text. Throws `SubstitutionError`. Linear. */
export const parseTemplate = (text: string): Template => new Scanner(text).template()

class Scanner {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  template(): Template {
    const parts: TemplatePart[] = []
    let start = 0
    const literal = (end: number) => {
      if (end > start) parts.push(this.#text.slice(start, end))
    }
    for (;;) {
      const dollar = this.#text.indexOf('$', this.#at)
      if (dollar < 0) break
      const next = this.#text[dollar + 1]
      this.#at = dollar + (next === '$' ? 2 : 1)
      if (next === '$') {
        literal(dollar + 1)
        start = this.#at
      } else if (next === '{') {
        literal(dollar)
        this.#at = dollar
        parts.push(this.#expression())
        start = this.#at
      }
    }
    literal(this.#text.length)
    return parts
  }

  #expression(): Expression {
    const start = this.#at
    this.#at += 2
    this.#depth += 1
    if (this.#depth > depthLimit) throw this.#error('expressions are nested too deeply')
    const expression = this.#body(start)
    this.#depth -= 1
    return expression
  }

  #body(start: number): Expression {
    const isLength = this.#accept('#')
    const name = this.#name()
    if (name === '')
      throw this.#error(isLength ? 'bad substitution' : 'unable to parse variable name')
    const operation: Operation = isLength ? { type: 'length' } : this.#operation()
    if (!this.#accept('}')) throw this.#error(this.#unclosed(operation))
    return { name, source: this.#text.slice(start, this.#at), operation }
  }

  #unclosed(operation: Operation): string {
    return operation.type === 'value' ? 'missing closing brace' : 'bad substitution'
  }

  #operation(): Operation {
    switch (this.#text[this.#at] ?? '') {
      case '^':
      case ',':
        return this.#case()
      case ':':
        return this.#colon()
      case '=':
        this.#at += 1
        return { type: 'default', fallback: this.#fallback() }
      case '#':
      case '%':
        return this.#trim()
      case '/':
        return this.#replace()
      default:
        return { type: 'value' }
    }
  }

  #case(): Operation {
    const sign = this.#text[this.#at]!
    this.#at += 1
    const isFirstOnly = !this.#accept(sign)
    return { type: 'case', to: sign === '^' ? 'upper' : 'lower', isFirstOnly }
  }

  #colon(): Operation {
    this.#at += 1
    const next = this.#text[this.#at]
    if (next === undefined) throw this.#error('bad substitution')
    if ('-=?+'.includes(next)) {
      this.#at += 1
      return { type: 'default', fallback: this.#fallback() }
    }
    const offset = this.#argument(':}')
    if (offset === '') throw this.#error(inFunction)
    if (!this.#accept(':')) return { type: 'slice', offset, length: null }
    const length = this.#argument('}')
    if (length === '') throw this.#error(inFunction)
    return { type: 'slice', offset, length }
  }

  #trim(): Operation {
    const sign = this.#text[this.#at]!
    this.#at += 1
    const isLongest = this.#accept(sign)
    const pattern = this.#argument('}')
    if (pattern === '') throw this.#error(inFunction)
    return { type: 'trim', from: sign === '#' ? 'start' : 'end', isLongest, pattern }
  }

  #replace(): Operation {
    this.#at += 1
    if (this.#at >= this.#text.length) throw this.#error(inFunction)
    const where = this.#where()
    const old = this.#argument('/', true)
    if (!this.#accept('/')) throw this.#error('bad substitution')
    return { type: 'replace', where, old, by: this.#argument('}', true) }
  }

  #where(): 'first' | 'all' | 'start' | 'end' {
    if (this.#accept('/')) return 'all'
    if (this.#accept('#')) return 'start'
    return this.#accept('%') ? 'end' : 'first'
  }

  /** Either one plain text or one nested expression, never a mixture. */
  #argument(stops: string, hasEscapes = false): TemplatePart {
    if (this.#text.startsWith('${', this.#at)) return this.#expression()
    let text = ''
    while (this.#at < this.#text.length && !stops.includes(this.#text[this.#at]!)) {
      const pair = this.#text.slice(this.#at, this.#at + 2)
      if (hasEscapes && (pair === '\\/' || pair === '\\\\' || pair === '$$')) {
        text += pair[1]
        this.#at += 2
      } else {
        text += pair[0]
        this.#at += 1
      }
    }
    if (this.#at >= this.#text.length && !stops.startsWith('/')) throw this.#error(inFunction)
    return text
  }

  /** Text and nested expressions in any mix, up to the first `}` outside of them. `$$` is no escape here. */
  #fallback(): Template {
    const parts: TemplatePart[] = []
    let start = this.#at
    const literal = () => {
      if (this.#at > start) parts.push(this.#text.slice(start, this.#at))
    }
    while (this.#text[this.#at] !== '}') {
      if (this.#at >= this.#text.length) throw this.#error(inFunction)
      if (this.#text.startsWith('${', this.#at)) {
        literal()
        parts.push(this.#expression())
        start = this.#at
      } else this.#at += 1
    }
    literal()
    return parts
  }

  #name(): string {
    const start = this.#at
    while (this.#at < this.#text.length) {
      const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
      if (!/^[\p{L}\p{Nd}_]$/u.test(char)) break
      this.#at += char.length
    }
    return this.#text.slice(start, this.#at)
  }

  #accept(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #error(message: string): SubstitutionError {
    return new SubstitutionError(message)
  }
}
