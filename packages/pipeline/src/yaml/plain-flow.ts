import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-node.ts'

/** What a reader of flow collections needs of the reader around it. */
export interface FlowSource {
  readonly text: string
  /** Counts a node; throws when the file has too many. */
  spend(): void
  place(at: number): { line: number; column: number }
  /** A quoted scalar that begins at this offset, with the offset behind it. */
  quoted(at: number): Read<YamlScalar>
  /** Refuses keys that the library has to look at. */
  checked(key: YamlScalar): YamlScalar
  /** Ends the attempt. */
  leave(): never
}

export interface Read<Node> {
  readonly node: Node
  readonly end: number
}

const keyPattern = /[A-Za-z0-9_./-]+/y
/** Up to what ends a plain scalar inside of brackets, or makes it something that we leave to others. */
const plainPattern = /[^\n,[\]{}]*/y
const negative = /^-[0-9]/
const deepest = 32

/** Reads a flow collection that begins and ends on one line: `[a, "b"]`, `{a: b, c: [d]}`. Anchors, tags, line breaks and
 *  pairs without braces are left to the library. */
export const readFlow = (source: FlowSource, at: number, depth = 0): Read<YamlNode> => {
  if (depth > deepest) source.leave()
  source.spend()
  return source.text[at] === '{' ? readMap(source, at, depth) : readList(source, at, depth)
}

const readList = (source: FlowSource, at: number, depth: number): Read<YamlNode> => {
  const items: YamlNode[] = []
  const place = source.place(at)
  let end = skip(source.text, at + 1)
  while (source.text[end] !== ']') {
    const item = readItem(source, end, depth)
    items.push(item.node)
    end = separator(source, item.end, ']')
  }
  return { node: { kind: 'list', items, ...place }, end: end + 1 }
}

const readMap = (source: FlowSource, at: number, depth: number): Read<YamlMap> => {
  const entries = new Map<string, YamlEntry>()
  const place = source.place(at)
  let end = skip(source.text, at + 1)
  while (source.text[end] !== '}') {
    const key = readKey(source, end)
    const colon = skip(source.text, key.end)
    if (source.text[colon] !== ':' || source.text[colon + 1] !== ' ') source.leave()
    const value = readItem(source, skip(source.text, colon + 1), depth)
    entries.set(key.node.text, { key: source.checked(key.node), value: value.node })
    end = separator(source, value.end, '}')
  }
  return { node: { kind: 'map', entries, ...place }, end: end + 1 }
}

const readKey = (source: FlowSource, at: number): Read<YamlScalar> => {
  const first = source.text[at]
  if (first === '"' || first === "'") return source.quoted(at)
  keyPattern.lastIndex = at
  const text = keyPattern.exec(source.text)?.[0]
  if (text === undefined || text.startsWith('-')) return source.leave()
  source.spend()
  const node: YamlScalar = { kind: 'scalar', text, style: 'plain', tag: '', ...source.place(at) }
  return { node, end: at + text.length }
}

const readItem = (source: FlowSource, at: number, depth: number): Read<YamlNode> => {
  const first = source.text[at]
  if (first === '[' || first === '{') return readFlow(source, at, depth + 1)
  if (first === '"' || first === "'") return source.quoted(at)
  return readPlain(source, at)
}

const readPlain = (source: FlowSource, at: number): Read<YamlScalar> => {
  plainPattern.lastIndex = at
  const raw = plainPattern.exec(source.text)?.[0] ?? ''
  const text = raw.trimEnd()
  const after = source.text[at + raw.length]
  const isPlain = text !== '' && (!'-?:#&*!|>\'"%@`'.includes(text[0]!) || negative.test(text))
  const isWhole = after === ',' || after === ']' || after === '}'
  if (!isPlain || !isWhole || text.includes(': ') || text.includes(' #')) source.leave()
  if (text.endsWith(':')) source.leave()
  source.spend()
  const node: YamlScalar = { kind: 'scalar', text, style: 'plain', tag: '', ...source.place(at) }
  return { node, end: at + raw.length }
}

/** Behind the comma, or at the bracket that closes. */
const separator = (source: FlowSource, at: number, closing: string): number => {
  const end = skip(source.text, at)
  if (source.text[end] === closing) return end
  if (source.text[end] !== ',') source.leave()
  const next = skip(source.text, end + 1)
  // A comma before the bracket is legal, but not two.
  if (source.text[next] === ',' || source.text[next] === '\n') source.leave()
  return next
}

const skip = (text: string, at: number): number => {
  let end = at
  while (text[end] === ' ') end += 1
  return end
}
