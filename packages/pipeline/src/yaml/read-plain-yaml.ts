import { forbiddenKeys } from '../limits.ts'
import { type FlowSource, type Read, readFlow } from './plain-flow.ts'
import type { RawDocument } from './split-documents.ts'
import type { Place, YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-node.ts'
import type { NodeBudget } from './yaml-tree.ts'

/** Tabs and everything else that is neither printable nor a line feed. */
const strange = /[^\n -~\u00a0-\u2027\u202a-\ufefe\uff00-\uffff]/
const deepest = 32
const keyPattern = /[A-Za-z0-9_./][A-Za-z0-9_./-]*/y

/** Thrown where a text leaves the subset. */
const outside = new Error('outside of the subset')

/** Reads the YAML that nearly all pipeline files are written in: block collections, flow collections and quoted scalars
 *  within a line, plain scalars of one line, literal blocks. `null` for everything else, mistakes too: then the
 *  library reads it. Both give the same tree (property test). Ten times as fast as the library, in one pass.
 *
 *  Whatever might be anything but the obvious is left to the library; being wrong here is no option, being slow is. */
export const readPlainYaml = (
  raw: RawDocument,
  budget: NodeBudget,
): YamlMap | TooManyNodes | null => {
  if (strange.test(raw.text)) return null
  const reader = new PlainReader(raw, budget.left)
  try {
    const root = reader.document()
    budget.left = reader.left
    return root
  } catch (error) {
    if (error !== outside) throw error
    if (reader.left < 0) return { kind: 'nodes', ...reader.here }
    if (budget.left - reader.left > budget.richLeft) return { kind: 'richNodes', ...reader.here }
    return null
  }
}

/** The document has more nodes than its file may have, or than the library may be asked to read; and where it was left. */
export interface TooManyNodes extends Place {
  readonly kind: 'nodes' | 'richNodes'
}

class PlainReader implements FlowSource {
  readonly text: string
  left: number
  readonly #firstLine: number
  /** Number, from 0, and start of the line that is being read; the text's length when all is read. */
  #line = -1
  #start = 0
  #nextStart = 0
  /** Where the line's content begins, or a collection inside of it. */
  #at = 0

  constructor(raw: RawDocument, left: number) {
    this.text = raw.text
    this.#firstLine = raw.line
    this.left = left
  }

  document(): YamlMap {
    this.#next()
    if (this.#isEnd) this.leave()
    const root = this.#block(0)
    if (!this.#isEnd || root.kind !== 'map') this.leave()
    return root
  }

  leave(): never {
    throw outside
  }

  spend(): void {
    this.left -= 1
    if (this.left < 0) this.leave()
  }

  get here(): Place {
    return this.place(this.#at)
  }

  place(at: number): Place {
    return { line: this.#firstLine + this.#line, column: at - this.#start + 1 }
  }

  get #isEnd(): boolean {
    return this.#start >= this.text.length
  }

  get #indent(): number {
    return this.#isEnd ? -1 : this.#at - this.#start
  }

  get #end(): number {
    return this.#nextStart - 1
  }

  /** Goes to the next line with content. */
  #next(): void {
    do this.#step()
    while (!this.#isEnd && (this.#at === this.#end || this.text[this.#at] === '#'))
  }

  #step(): void {
    this.#line += 1
    this.#start = this.#nextStart
    const feed = this.text.indexOf('\n', this.#start)
    this.#nextStart = feed < 0 ? this.text.length : feed + 1
    this.#at = this.#skip(this.#start)
  }

  #skip(at: number): number {
    let end = at
    while (this.text.charCodeAt(end) === 32) end += 1
    return end
  }

  #block(depth: number): YamlNode {
    if (depth > deepest) this.leave()
    this.spend()
    return this.#isDash(this.#at) ? this.#list(depth) : this.#map(depth)
  }

  #isDash(at: number): boolean {
    return this.text[at] === '-' && this.#isBlank(at + 1)
  }

  #isBlank(at: number): boolean {
    const code = this.text.charCodeAt(at)
    return code === 32 || code === 10
  }

  #list(depth: number): YamlNode {
    const indent = this.#indent
    const place = this.place(this.#at)
    const items: YamlNode[] = []
    while (this.#indent === indent && this.#isDash(this.#at)) {
      const at = this.#skip(this.#at + 1)
      if (this.#isTail(at)) items.push(this.#nested(this.#at + 1, indent, depth))
      else if (this.#isDash(at) || this.#keyEnd(at) >= 0) {
        this.#at = at
        items.push(this.#block(depth + 1))
      } else items.push(this.#inline(at, indent))
    }
    if (this.#indent > indent) this.leave()
    return { kind: 'list', items, ...place }
  }

  #map(depth: number): YamlMap {
    const indent = this.#indent
    const place = this.place(this.#at)
    const entries = new Map<string, YamlEntry>()
    while (this.#indent === indent) {
      if (this.#isDash(this.#at)) this.leave()
      const key = this.#key()
      const colon = this.#keyEnd(this.#at)
      const at = this.#skip(colon + 1)
      const value = this.#isTail(at)
        ? this.#nested(colon + 1, indent, depth, true)
        : this.#inline(at, indent)
      entries.set(key.text, { key, value })
    }
    if (this.#indent > indent) this.leave()
    return { kind: 'map', entries, ...place }
  }

  /** Whether nothing but a comment is left of the line. */
  #isTail(at: number): boolean {
    if (at >= this.#end) return true
    return this.text[at] === '#' && this.text.charCodeAt(at - 1) === 32
  }

  /** What stands on the lines below; a list may stand as far left as its key. */
  #nested(at: number, indent: number, depth: number, isValue = false): YamlNode {
    const place = this.place(at)
    this.#next()
    const isBelow = this.#indent > indent
    if (isBelow || (isValue && this.#indent === indent && this.#isDash(this.#at)))
      return this.#block(depth + 1)
    this.spend()
    return { kind: 'scalar', text: '', style: 'plain', tag: '', ...place }
  }

  /** Where the key that begins here has its colon; -1: no key that we know begins here. */
  #keyEnd(at: number): number {
    const first = this.text[at]
    let end: number
    if (first === '"' || first === "'") {
      end = this.text.indexOf(first, at + 1) + 1
      if (end === 0 || end > this.#end) return -1
    } else {
      keyPattern.lastIndex = at
      if (!keyPattern.test(this.text)) return -1
      end = keyPattern.lastIndex
    }
    return this.text[end] === ':' && this.#isBlank(end + 1) ? end : -1
  }

  #key(): YamlScalar {
    const end = this.#keyEnd(this.#at)
    if (end < 0) this.leave()
    const first = this.text[this.#at]
    if (first === '"' || first === "'") {
      const quoted = this.quoted(this.#at)
      return quoted.end === end ? this.checked(quoted.node) : this.leave()
    }
    this.spend()
    const text = this.text.slice(this.#at, end)
    return this.checked(this.#scalar(text, 'plain', this.#at))
  }

  checked(key: YamlScalar): YamlScalar {
    if (forbiddenKeys.has(key.text) || key.text.includes('$')) this.leave()
    return key
  }

  /** A value on the line of its key or dash. */
  #inline(at: number, indent: number): YamlNode {
    const first = this.text[at]!
    if (first === '|') return this.#literal(at, indent)
    const { node, end } = this.#inlineOf(first, at)
    if (!this.#isTail(this.#skip(end))) this.leave()
    this.#next()
    // A scalar that goes on, or a mistake.
    if (this.#indent > indent) this.leave()
    return node
  }

  #inlineOf(first: string, at: number): Read<YamlNode> {
    if (first === '"' || first === "'") return this.quoted(at)
    if (first === '[' || first === '{') return readFlow(this, at)
    return this.#plain(at)
  }

  #plain(at: number): Read<YamlScalar> {
    const isIndicator = ',]}#&*!|>\'"%@`?:'.includes(this.text[at]!) || this.#isDash(at)
    if (isIndicator) this.leave()
    let text = this.text.slice(at, this.#end)
    const comment = text.indexOf(' #')
    if (comment >= 0) text = text.slice(0, comment)
    text = trimEnd(text)
    if (text.includes(': ') || text.endsWith(':')) this.leave()
    this.spend()
    return { node: withSource(this.#scalar(text, 'plain', at), text), end: at + text.length }
  }

  quoted(at: number): Read<YamlScalar> {
    const isDouble = this.text[at] === '"'
    let end = at + 1
    for (; ; end += 1) {
      const char = this.text[end]
      if (char === '\n' || char === undefined) this.leave()
      if (isDouble && char === '\\') end += 1
      else if (isDouble ? char === '"' : char === "'") {
        if (isDouble || this.text[end + 1] !== "'") break
        end += 1
      }
    }
    const inner = this.text.slice(at + 1, end)
    const text = isDouble ? unescaped(inner) : inner.replaceAll("''", "'")
    if (text === null) return this.leave()
    this.spend()
    const style = isDouble ? 'double' : 'single'
    const node = this.#scalar(text, style, at)
    return { node: withSource(node, this.text.slice(at, end + 1)), end: end + 1 }
  }

  /** Most objects of a file are made here: without a spread, which costs more than the object. */
  #scalar(text: string, style: YamlScalar['style'], at: number): YamlScalar {
    const line = this.#firstLine + this.#line
    return { kind: 'scalar', text, style, tag: '', line, column: at - this.#start + 1 }
  }

  /** `|` and `|-` with lines of one indent or more. */
  #literal(at: number, indent: number): YamlScalar {
    const header = trimEnd(this.text.slice(at, this.#end))
    if (header !== '|' && header !== '|-') this.leave()
    this.spend()
    const place = this.place(at)
    const lines: string[] = []
    let own = -1
    let kept = 0
    for (this.#step(); !this.#isEnd; this.#step()) {
      const length = this.#end - this.#start
      if (this.#at === this.#end) {
        if (own >= 0 && length > own) this.leave()
        if (own < 0 && length > 0) this.leave()
        lines.push('')
        continue
      }
      if (own < 0) own = this.#indent
      if (this.#indent < own || own <= indent) break
      lines.push(this.text.slice(this.#start + own, this.#end))
      kept = lines.length
    }
    if (kept === 0 || this.#indent > indent) this.leave()
    const text = lines.slice(0, kept).join('\n') + (header === '|' ? '\n' : '')
    if (!this.#isEnd && this.text[this.#at] === '#') this.#next()
    const node = { kind: 'scalar', text, style: 'block', tag: '', ...place } as const
    if (lines.find((line) => line !== '')?.startsWith('${') !== true) return node
    // The first line with content tells the indent, and a value may make it another one: see `keptSource`.
    const indented = lines.slice(0, kept).map((line) => `${line && ' '.repeat(own)}${line}\n`)
    return { ...node, source: `${header}\n${indented.join('')}` }
  }
}

const trimEnd = (text: string): string => {
  let end = text.length
  while (text.charCodeAt(end - 1) === 32) end -= 1
  return text.slice(0, end)
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
  ' ': ' ',
}

/** Escapes that people write; `null`: one that is left to the library. */
const unescaped = (inner: string): string | null => {
  if (!inner.includes('\\')) return inner
  let text = ''
  for (let at = 0; at < inner.length; at += 1) {
    const char = inner[at]!
    if (char !== '\\') text += char
    else {
      at += 1
      const escaped = escapes[inner[at] ?? '']
      if (escaped === undefined) return null
      text += escaped
    }
  }
  return text
}

/** As `keptSource` does for the library's scalars. */
const withSource = (scalar: YamlScalar, source: string): YamlScalar =>
  scalar.text.includes('${') && source.includes('\\') ? { ...scalar, source } : scalar
