import { CST, Lexer } from 'yaml'
import { manifestLimits } from '../limits.ts'

/** Tokens that make or separate nodes: a node costs at most five. */
const contentLimit = manifestLimits.richNodes * 5
/** Line feeds, blanks and comments come on top. */
const tokenLimit = 300_000

/** What cannot be right and costs the parser an error each, a directive too, of which a file has one or two: a few of
 *  them are shown, and a file of them alone is left soon. */
const wrongCost = 100

/** The composer looks up the name of each: 20,000 of them took 138 ms where as many tags took 120. */
const anchorCost = 2

const filler = new Set(['space', 'newline', 'comment', 'byte-order-mark'])
/** Each of these is one node; the text of a scalar follows its mark. */
const nodes = new Set([
  'scalar',
  'alias',
  'single-quoted-scalar',
  'double-quoted-scalar',
  'flow-map-start',
  'flow-seq-start',
])

/** Refuses text that would be expensive to parse, before it is parsed, by its tokens alone: also one that has more nodes
 *  than are `left`, before its aliases are written out. Gives what the parser reads, or the limit. The lexer is a
 *  generator without recursion and is left as soon as a limit is passed; the parser behind it takes seconds for half a
 *  million brackets and recurses once a level (threats.md T-40, T-41). */
export const guardYaml = (
  text: string,
  left: number,
): 'richNodes' | 'depth' | readonly string[] => {
  const lexemes: string[] = []
  let content = 0
  let found = 0
  let flow = 0
  let dashes = 0
  let last: string | null = null
  for (const token of new Lexer().lex(text)) {
    lexemes.push(token)
    const type: string | null = last === 'scalar' ? null : CST.tokenType(token)
    if (type === null || !filler.has(type)) content += 1
    if (type !== null && nodes.has(type)) found += 1
    if (isWrong(type, last, flow)) content += wrongCost
    if (type === 'anchor') content += anchorCost
    if (type === null || !filler.has(type)) last = type
    if (lexemes.length > tokenLimit || content > contentLimit || found > left) return 'richNodes'
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow += 1
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow -= 1
    dashes =
      type === 'seq-item-ind' || type === 'explicit-key-ind'
        ? dashes + 1
        : type === 'space'
          ? dashes
          : 0
    if (flow > manifestLimits.depth || dashes > manifestLimits.depth) return 'depth'
  }
  return lexemes
}

const isWrong = (type: string | null, last: string | null, flow: number): boolean => {
  if (type === 'directive-line') return true
  if (type === 'flow-map-end' || type === 'flow-seq-end') return flow <= 0
  return type === 'comma' && last === 'comma'
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
