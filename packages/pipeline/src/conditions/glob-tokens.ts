/** Elements of a pattern without separators or alternatives, shared by globs and by trim patterns. */
export type GlobToken =
  | { readonly type: 'char'; readonly char: string }
  | { readonly type: 'any' }
  | { readonly type: 'star' }
  | {
      readonly type: 'set'
      readonly isNegated: boolean
      /** Pairs of code points, inclusive. */
      readonly ranges: readonly (readonly [number, number])[]
    }

/** Reads `*`, `?`, `[set]`, `[^set]` and `\c`; `null`: malformed. */
export const parseGlobTokens = (pattern: readonly string[]): GlobToken[] | null => {
  const tokens: GlobToken[] = []
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!
    if (char === '*') {
      if (tokens.at(-1)?.type !== 'star') tokens.push({ type: 'star' })
    } else if (char === '?') tokens.push({ type: 'any' })
    else if (char === '\\') {
      at += 1
      if (at >= pattern.length) return null
      tokens.push({ type: 'char', char: pattern[at]! })
    } else if (char === '[') {
      const set = parseSet(pattern, at + 1)
      if (set === null) return null
      tokens.push(set.token)
      at = set.end
    } else tokens.push({ type: 'char', char })
  }
  return tokens
}

const parseSet = (
  pattern: readonly string[],
  from: number,
): { token: GlobToken; end: number } | null => {
  let at = from
  const isNegated = pattern[at] === '^'
  if (isNegated) at += 1
  const ranges: [number, number][] = []
  while (at < pattern.length && pattern[at] !== ']') {
    const low = member(pattern, at)
    if (low === null) return null
    at = low.next
    let high = low
    if (pattern[at] === '-') {
      const end = member(pattern, at + 1)
      if (end === null) return null
      high = end
      at = end.next
    }
    ranges.push([low.code, high.code])
  }
  if (at >= pattern.length || ranges.length === 0) return null
  return { token: { type: 'set', isNegated, ranges }, end: at }
}

const member = (pattern: readonly string[], at: number): { code: number; next: number } | null => {
  const isEscaped = pattern[at] === '\\'
  const char = pattern[isEscaped ? at + 1 : at]
  if (char === undefined || (!isEscaped && (char === '-' || char === ']'))) return null
  return { code: char.codePointAt(0)!, next: at + (isEscaped ? 2 : 1) }
}

/** The lengths of all prefixes of `text` that the tokens match, shortest first; `tokens × text` steps at most, which
 *  are counted, and none after the budget is spent. */
export function* matchPrefixes(
  tokens: readonly GlobToken[],
  text: readonly string[],
  budget?: { left: number },
): Generator<number> {
  let states = new Uint8Array(tokens.length + 1)
  let next = new Uint8Array(tokens.length + 1)
  states[0] = 1
  skipStars(tokens, states)
  if (states[tokens.length]) yield 0
  for (let at = 0; at < text.length; at += 1) {
    if (budget !== undefined) {
      budget.left -= tokens.length
      if (budget.left < 0) return
    }
    next.fill(0)
    let isAlive = false
    for (let state = 0; state < tokens.length; state += 1) {
      if (!states[state]) continue
      const token = tokens[state]!
      if (!accepts(token, text[at]!)) continue
      next[token.type === 'star' ? state : state + 1] = 1
      isAlive = true
    }
    if (!isAlive) return
    skipStars(tokens, next)
    ;[states, next] = [next, states]
    if (states[tokens.length]) yield at + 1
  }
}

const skipStars = (tokens: readonly GlobToken[], states: Uint8Array): void => {
  for (const [index, token] of tokens.entries()) {
    if (states[index] && token.type === 'star') states[index + 1] = 1
  }
}

const accepts = (token: GlobToken, char: string): boolean => {
  switch (token.type) {
    case 'char':
      return token.char === char
    case 'any':
    case 'star':
      return true
    case 'set': {
      const code = char.codePointAt(0)!
      const isMember = token.ranges.some(([low, high]) => low <= code && code <= high)
      return isMember !== token.isNegated
    }
    default:
      return token satisfies never
  }
}
