import { type Document, isMap, isScalar, isSeq, type ParsedNode, type YAMLParseError } from 'yaml'
import type { Place } from './yaml-node.ts'
import type { YamlProblem } from './yaml-problem.ts'

/** Of one document: further ones are mostly what follows from the first. */
const mostProblems = 10

/** What the library refuses of a document: each with the key that it is under, and with the place where people look
 *  for it, which is not always the one that the library tells. Of several at one place the first says why. */
export const syntaxProblems = (
  { errors, contents }: Document.Parsed,
  text: string,
  place: (offset: number) => Place,
): YamlProblem[] => {
  const firsts = new Map<number, YAMLParseError>()
  for (const error of errors) {
    if (firsts.size === mostProblems) break
    if (!firsts.has(error.pos[0])) firsts.set(error.pos[0], error)
  }
  return [...firsts].map(([offset, { message }]) => {
    const isQuote = message.startsWith('Missing closing')
    const isOpen = isQuote || offset === text.length || message.includes(' end with a ')
    const at = isOpen ? endOfContent(text, offset) : offset
    const { path, start } = locate(contents, at, isOpen)
    const where = place(isQuote ? start : at)
    return { code: 'yaml_syntax', message: `yaml: ${message}`, path, ...where }
  })
}

/** Behind the last character before the offset that is neither blank nor of a line of comment: there is missing what
 *  the library misses on a line below, or behind the end. A quote that is not closed swallows all of that. */
const endOfContent = (text: string, offset: number): number => {
  let end = offset
  for (;;) {
    end = text.slice(0, end).trimEnd().length
    const start = text.lastIndexOf('\n', end - 1) + 1
    if (end === 0 || !text.slice(start, end).trimStart().startsWith('#')) return end
    end = start
  }
}

/** The keys and list entries that an offset is under, as far as the document could be read, and where the innermost
 *  value begins that holds it. At the end of what is open no key counts whose value ends there. */
const locate = (
  root: ParsedNode | null,
  offset: number,
  isOpen: boolean,
): { path: string; start: number } => {
  let path = ''
  let node = root
  let start = root?.range[0] ?? offset
  while (node !== null) {
    start = node.range[0]
    const inner = innerOf(node, offset, isOpen)
    if (inner === null) break
    const { step } = inner
    path = path === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`
    node = holds(inner.value, offset) ? inner.value : null
  }
  return { path, start }
}

interface Inner {
  readonly step: string
  readonly value: ParsedNode | null
}

const innerOf = (node: ParsedNode, offset: number, isOpen: boolean): Inner | null => {
  if (isMap(node)) {
    // A mapping that is not allowed where it begins is a mistake of the key above it.
    if (offset === node.range[0]) return null
    const pair = node.items.findLast(
      ({ key, value }) => isScalar(key) && begins(key, offset) && (!isOpen || holds(value, offset)),
    )
    return pair ? { step: String((pair.key as { value: unknown }).value), value: pair.value } : null
  }
  if (!isSeq(node)) return null
  const index = node.items.findLastIndex((item) => holds(item as ParsedNode | null, offset))
  return index < 0 ? null : { step: `[${index}]`, value: node.items[index] as ParsedNode }
}

const begins = ({ range }: Pick<ParsedNode, 'range'>, offset: number): boolean => range[0] <= offset

const holds = (node: ParsedNode | null, offset: number): node is ParsedNode =>
  node !== null && begins(node, offset) && offset < node.range[1]
