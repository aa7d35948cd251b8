import { CST, Lexer } from 'yaml'
import { manifestLimits } from '../limits.ts'

/** Tokens that make or separate nodes: a node of a legitimate file costs at most four. */
const contentLimit = manifestLimits.richNodes * 5
/** Line feeds, blanks and comments come on top. */
const tokenLimit = 300_000

const filler = new Set(['space', 'newline', 'comment', 'byte-order-mark'])

/** Refuses text that would be expensive to parse, before it is parsed, by its tokens alone. The lexer is a
 *  generator without recursion and is left as soon as a limit is passed; the parser behind it takes seconds for
 *  half a million brackets and recurses once a level (threats.md T-41). */
export const guardYaml = (text: string): 'richNodes' | 'depth' | null => {
  let tokens = 0
  let content = 0
  let flow = 0
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    const type = CST.tokenType(token)
    if (type === null || !filler.has(type)) content += 1
    if (tokens > tokenLimit || content > contentLimit) return 'richNodes'
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow += 1
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow -= 1
    if (flow > manifestLimits.depth) return 'depth'
  }
  return null
}

/** Whether the parsed tokens nest deeper than allowed; walks with a list of its own, as the composer would recurse. */
export const isTooDeep = (tokens: readonly CST.Token[]): boolean => {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > manifestLimits.depth) return true
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth })
    if (!('items' in token)) continue
    for (const item of token.items) {
      if (item.key) open.push({ token: item.key, depth: depth + 1 })
      if (item.value) open.push({ token: item.value, depth: depth + 1 })
    }
  }
  return false
}
