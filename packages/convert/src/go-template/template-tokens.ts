import { TemplateError } from './template-error.ts'

export interface TemplateToken {
  readonly kind:
    | 'text'
    | 'open'
    | 'close'
    | 'name'
    | 'field'
    | 'variable'
    | 'dot'
    | 'string'
    | 'number'
    | 'char'
    | 'symbol'
    | 'space'
    | 'end'
  /** Text as it is printed, the content of a string, or the token as written; fields and variables without mark. */
  readonly text: string
  readonly at: number
}

/** Cuts a template into text and the tokens of its actions. Linear. Throws `TemplateError`. */
export const readTemplateTokens = (text: string): TemplateToken[] => {
  const tokens: TemplateToken[] = []
  let at = 0
  let isTrimmed = false
  for (;;) {
    const open = text.indexOf('{{', at)
    const end = open < 0 ? text.length : open
    const trimsBefore = open >= 0 && /^\{\{-[ \t\r\n]/.test(text.slice(open, open + 4))
    const plain = trimmed(text.slice(at, end), isTrimmed, trimsBefore)
    if (plain !== '') tokens.push({ kind: 'text', text: plain, at })
    if (open < 0) break
    const inside = open + (trimsBefore ? 3 : 2)
    const comment = skipComment(text, inside)
    const action = comment ?? readAction(text, inside)
    if (comment === null) {
      tokens.push({ kind: 'open', text: '{{', at: open }, ...action.tokens)
      tokens.push({ kind: 'close', text: '}}', at: action.end - 2 })
    }
    at = action.end
    isTrimmed = action.trimsAfter
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}

interface Action {
  readonly tokens: readonly TemplateToken[]
  readonly end: number
  readonly trimsAfter: boolean
}

const trimmed = (text: string, atStart: boolean, atEnd: boolean): string => {
  const started = atStart ? text.replace(/^[ \t\r\n]+/, '') : text
  if (!atEnd) return started
  let end = started.length
  while (end > 0 && ' \t\r\n'.includes(started[end - 1] ?? '')) end--
  return started.slice(0, end)
}

const skipComment = (text: string, inside: number): Action | null => {
  const start = inside + (/^[ \t\r\n]*/.exec(text.slice(inside, inside + 100))?.[0].length ?? 0)
  if (!text.startsWith('/*', start)) return null
  const end = text.indexOf('*/', start + 2)
  if (end < 0) throw new TemplateError('a comment does not end', start)
  if (text.startsWith('}}', end + 2)) return { tokens: [], end: end + 4, trimsAfter: false }
  if (text.startsWith(' -}}', end + 2)) return { tokens: [], end: end + 6, trimsAfter: true }
  throw new TemplateError('a comment has to end at }}', end)
}

const patterns: readonly (readonly [TemplateToken['kind'], RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['name', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['symbol', /:=|[=|(),]/y],
  ['dot', /\./y],
]

const readAction = (text: string, inside: number): Action => {
  const tokens: TemplateToken[] = []
  let at = inside
  for (;;) {
    if (text.startsWith('}}', at)) return { tokens, end: at + 2, trimsAfter: false }
    if (text.startsWith('-}}', at) && tokens.at(-1)?.kind === 'space')
      return { tokens, end: at + 3, trimsAfter: true }
    const token = readToken(text, at)
    tokens.push(token.token)
    at = token.end
  }
}

const readToken = (text: string, at: number): { token: TemplateToken; end: number } => {
  const char = text[at]
  if (char === undefined) throw new TemplateError('an action does not end', at)
  if (char === '"' || char === "'") return readQuoted(text, at, char)
  if (char === '`') {
    const end = text.indexOf('`', at + 1)
    if (end < 0) throw new TemplateError('a string does not end', at)
    return { token: { kind: 'string', text: text.slice(at + 1, end), at }, end: end + 1 }
  }
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    const isMarked = kind === 'field' || kind === 'variable'
    return {
      token: { kind, text: isMarked ? found.slice(1) : found, at },
      end: at + found.length,
    }
  }
  throw new TemplateError(`unexpected ${JSON.stringify(char)}`, at)
}

const readQuoted = (text: string, at: number, quote: string) => {
  let end = at + 1
  for (; text[end] !== quote; end++) {
    if (end >= text.length || text[end] === '\n')
      throw new TemplateError('a string does not end', at)
    if (text[end] === '\\') end++
  }
  const inner = text.slice(at + 1, end)
  const kind: TemplateToken['kind'] = quote === '"' ? 'string' : 'char'
  return { token: { kind, text: unescaped(inner, at), at }, end: end + 1 }
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

const unescaped = (inner: string, at: number): string =>
  inner.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g,
    (_all, sign: string) => {
      const code = sign.length > 1 ? Number.parseInt(sign.slice(1), 16) : -1
      if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code)
      const known = escapes[sign]
      if (known === undefined) throw new TemplateError(`unknown escape \\${sign}`, at)
      return known
    },
  )
