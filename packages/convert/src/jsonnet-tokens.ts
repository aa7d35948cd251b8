import { ConversionError } from './conversion-error.ts'

/** A piece of a Jsonnet program. All pieces in order are the whole text. */
export interface JsonnetToken {
  readonly kind: 'blank' | 'comment' | 'string' | 'name' | 'number' | 'symbol'
  /** As written. */
  readonly text: string
  /** What a string says. */
  readonly value: string
  readonly line: number
  readonly column: number
}

/** Cuts a program into tokens (pipeline.md §16.1). Linear. Throws `ConversionError` at what no token begins with. */
export const readTokens = (path: string, text: string): JsonnetToken[] =>
  new Reader(path, text).read()

const blanks = new Set(' \t\r\n')
const symbols = new Set('{}[]()$:;,.!~+-&|^=<>*/%')
const isNameStart = (char: string): boolean => /^[A-Za-z_]$/.test(char)
const isNamePart = (char: string): boolean => /^[A-Za-z0-9_]$/.test(char)
const numberPattern = /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

class Reader {
  readonly #path: string
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
  }

  read(): JsonnetToken[] {
    const tokens: JsonnetToken[] = []
    while (this.#at < this.#text.length) tokens.push(this.#next())
    return tokens
  }

  #next(): JsonnetToken {
    const text = this.#text
    const start = this.#at
    const char = text[start] ?? ''
    if (blanks.has(char))
      return this.#take(
        'blank',
        this.#while(start, (one) => blanks.has(one)),
      )
    if (char === '#' || text.startsWith('//', start))
      return this.#take('comment', this.#until('\n', start, text.length))
    if (text.startsWith('/*', start)) {
      const end = text.indexOf('*/', start + 2)
      if (end < 0) this.#fail('a comment does not end')
      return this.#take('comment', end + 2)
    }
    if (text.startsWith('|||', start)) return this.#block()
    if (char === '"' || char === "'") return this.#quoted(char)
    if (char === '@') return this.#verbatim()
    if (isNameStart(char)) return this.#take('name', this.#while(start, isNamePart))
    if (char >= '0' && char <= '9') return this.#number()
    if (!symbols.has(char)) this.#fail(`unexpected character ${JSON.stringify(char)}`)
    return this.#take('symbol', start + 1)
  }

  #number(): JsonnetToken {
    numberPattern.lastIndex = this.#at
    numberPattern.exec(this.#text)
    const end = numberPattern.lastIndex
    // Readers differ on where such a number ends, and the name behind it could be `import`.
    if (isNamePart(this.#text[end] ?? '')) this.#fail('a number runs into a name')
    return this.#take('number', end)
  }

  #quoted(quote: string): JsonnetToken {
    let at = this.#at + 1
    for (; at < this.#text.length && this.#text[at] !== quote; at++)
      if (this.#text[at] === '\\') at++
    if (at >= this.#text.length) this.#fail('a string does not end')
    const value = this.#unescape(this.#text.slice(this.#at + 1, at))
    return this.#take('string', at + 1, value)
  }

  #unescape(inner: string): string {
    if (!inner.includes('\\')) return inner
    return inner.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_all, sign: string) => {
      if (sign.length === 5) return String.fromCharCode(Number.parseInt(sign.slice(1), 16))
      const known = escapes.get(sign)
      if (known === undefined) this.#fail(`unknown escape \\${sign} in a string`)
      return known
    })
  }

  /** `@'…'` and `@"…"`: only a doubled quote is special. */
  #verbatim(): JsonnetToken {
    const quote = this.#text[this.#at + 1]
    if (quote !== '"' && quote !== "'") this.#fail('unexpected character "@"')
    let at = this.#at + 2
    for (;;) {
      at = this.#text.indexOf(quote, at)
      if (at < 0) this.#fail('a string does not end')
      if (this.#text[at + 1] !== quote) break
      at += 2
    }
    const value = this.#text.slice(this.#at + 2, at).replaceAll(quote + quote, quote)
    return this.#take('string', at + 1, value)
  }

  /** A text block: its lines share the indentation of its first one; a line with less, holding `|||`, ends it. */
  #block(): JsonnetToken {
    const text = this.#text
    let at = this.#at + 3
    const isChomped = text[at] === '-'
    if (isChomped) at++
    while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++
    if (text[at] !== '\n') this.#fail('a text block needs a new line after |||')
    at++
    const parts: string[] = []
    while (text[at] === '\n') {
      parts.push('\n')
      at++
    }
    const indent = text.slice(
      at,
      this.#while(at, (one) => one === ' ' || one === '\t'),
    )
    if (indent === '') this.#fail("a text block's first line has to be indented")
    while (text.startsWith(indent, at) || text[at] === '\n') {
      const end = text.indexOf('\n', at)
      if (end < 0) this.#fail('a text block does not end')
      parts.push(text[at] === '\n' ? '\n' : text.slice(at + indent.length, end + 1))
      at = end + 1
    }
    at = this.#while(at, (one) => one === ' ' || one === '\t')
    if (!text.startsWith('|||', at)) this.#fail('a text block does not end with |||')
    const value = parts.join('')
    return this.#take('string', at + 3, isChomped ? value.replace(/\n$/, '') : value)
  }

  #while(start: number, isPart: (char: string) => boolean): number {
    let end = start
    while (end < this.#text.length && isPart(this.#text[end] ?? '')) end++
    return end
  }

  #until(wanted: string, start: number, otherwise: number): number {
    const end = this.#text.indexOf(wanted, start)
    return end < 0 ? otherwise : end
  }

  #take(kind: JsonnetToken['kind'], end: number, value = ''): JsonnetToken {
    const text = this.#text.slice(this.#at, end)
    const token = { kind, text, value, line: this.#line, column: this.#at - this.#lineStart + 1 }
    const last = text.lastIndexOf('\n')
    if (last >= 0) {
      this.#line += text.split('\n').length - 1
      this.#lineStart = this.#at + last + 1
    }
    this.#at = end
    return token
  }

  #fail(problem: string): never {
    const column = this.#at - this.#lineStart + 1
    throw new ConversionError(`jsonnet: ${this.#path}:${this.#line}:${column}: ${problem}`)
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
