import { Composer, isScalar, type ParsedNode, Parser, type Scalar } from 'yaml'
import type { YamlScalar } from './yaml-node.ts'

// failsafe: every scalar keeps its text; uniqueKeys would compare every pair of keys, and the last one wins here.
export const composerOptions = {
  schema: 'failsafe',
  uniqueKeys: false,
  prettyErrors: false,
  merge: false,
  resolveKnownTags: false,
  keepSourceTokens: true,
  logLevel: 'silent',
} as const

/** How a scalar with expressions is written, where its text alone does not say what substitution in the file's text
 *  would make of it: with escapes, over several lines, in a block that is folded or keeps its last lines. */
export const keptSource = ({ value, srcToken: token }: Scalar.Parsed): string | undefined => {
  if (typeof value !== 'string' || !value.includes('${') || !token) return undefined
  if (token.type === 'block-scalar') {
    const header = token.props.find((prop) => prop.type === 'block-scalar-header')
    const sign = header && 'source' in header ? header.source : ''
    // An indent that is told counts from the parent's, which the source alone does not have.
    if (/[0-9]/.test(sign)) return undefined
    // The first line with content tells the indent: a value may make it another one.
    const isTold = (sign === '|' || sign === '|-') && !/^\n*\$\{/.test(value)
    return isTold ? undefined : `${sign}\n${token.source}`
  }
  if (!('source' in token)) return undefined
  return token.source.includes('\n') || token.source.includes('\\') ? token.source : undefined
}

/** Reads a text that is one scalar; `null`: it is none, or more than that. */
export const readScalar = (source: string): Pick<YamlScalar, 'text' | 'style'> | null => {
  const [document, ...more] = new Composer(composerOptions).compose(new Parser().parse(source))
  if (!document || more.length > 0 || document.errors.length > 0) return null
  const node: ParsedNode | null = document.contents
  if (!isScalar(node) || node.anchor || node.tag || node.comment || document.comment) return null
  return { text: typeof node.value === 'string' ? node.value : '', style: styleOf(node) }
}

export const styleOf = ({ type }: Pick<Scalar.Parsed, 'type'>): YamlScalar['style'] => {
  if (type === 'QUOTE_DOUBLE') return 'double'
  if (type === 'QUOTE_SINGLE') return 'single'
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? 'block' : 'plain'
}
